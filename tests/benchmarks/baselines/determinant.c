/* A determinant by expansion in minors along the rows, plainly recursive: a bit for each column that is left. */

static double minor(long n, const double *matrix, long row, unsigned columns)
{
    double total = 0.0, sign = 1.0;

    if (row == n)
        return 1.0;
    for (unsigned rest = columns; rest; rest &= rest - 1, sign = -sign) {
        const int column = __builtin_ctz(rest);
        total += sign * matrix[row * n + column] * minor(n, matrix, row + 1, columns & ~(1u << column));
    }
    return total;
}

double determinant(long n, const double *matrix) { return minor(n, matrix, 0, (1u << n) - 1); }
