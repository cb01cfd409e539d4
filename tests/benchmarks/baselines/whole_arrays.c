/* Derivatives of functions of whole arrays, by hand. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The gradient of log(sum(exp(x))); returns its value. */
double logsumexp_gradient(long n, const double *restrict x, double *restrict gradient)
{
    double shift = x[0], total = 0.0;

    for (long i = 1; i < n; i++)
        shift = x[i] > shift ? x[i] : shift;
    for (long i = 0; i < n; i++) {
        gradient[i] = exp(x[i] - shift);
        total += gradient[i];
    }
    for (long i = 0; i < n; i++)
        gradient[i] /= total;
    return log(total) + shift;
}

/* The sum over n points of the squared distance to the nearest of k centres; its gradient, and where a direction is
   given the derivative of the gradient along it. */
double kmeans(long k, long n, long d, const double *restrict centres, const double *restrict points,
              const double *restrict direction, double *restrict gradient, double *restrict product)
{
    double cost = 0.0;

    memset(gradient, 0, k * d * sizeof *gradient);
    if (direction)
        memset(product, 0, k * d * sizeof *product);
    for (long i = 0; i < n; i++) {
        const double *x = points + i * d;
        double least = INFINITY;
        long nearest = 0;

        for (long c = 0; c < k; c++) {
            double square = 0.0;

            for (long j = 0; j < d; j++) {
                const double miss = x[j] - centres[c * d + j];
                square += miss * miss;
            }
            if (square < least)
                least = square, nearest = c;
        }
        cost += least;
        for (long j = 0; j < d; j++)
            gradient[nearest * d + j] += 2.0 * (centres[nearest * d + j] - x[j]);
        if (direction)
            for (long j = 0; j < d; j++)
                product[nearest * d + j] += 2.0 * direction[nearest * d + j];
    }
    return cost;
}

/* The log-posterior of a mixture of k Gaussians for n points of d coordinates, without its constants, and its
   derivatives by the log-weights, the means, and the factors of the inverse covariances: the logarithms of their
   diagonals, then what is below, column by column. */
double mixture(long n, long k, long d, double gamma, const double *restrict alphas, const double *restrict means,
               const double *restrict factors, const double *restrict points, double *restrict by_alphas,
               double *restrict by_means, double *restrict by_factors)
{
    const long size = d + d * (d - 1) / 2;
    double *scales = malloc(k * d * sizeof *scales), *base = malloc(k * sizeof *base);
    double *terms = malloc(k * sizeof *terms), *missed = malloc(k * d * sizeof *missed);
    double *turned = malloc(k * d * sizeof *turned), *back = malloc(d * sizeof *back);
    double value = 0.0, largest = alphas[0], total = 0.0;

    memset(by_alphas, 0, k * sizeof *by_alphas);
    memset(by_means, 0, k * d * sizeof *by_means);
    memset(by_factors, 0, k * size * sizeof *by_factors);
    for (long c = 0; c < k; c++) {
        base[c] = alphas[c];
        for (long j = 0; j < d; j++) {
            scales[c * d + j] = exp(factors[c * size + j]);
            base[c] += factors[c * size + j];
        }
    }
    for (long i = 0; i < n; i++) {
        double shift = -INFINITY, sum = 0.0;

        for (long c = 0; c < k; c++) {
            double *y = missed + c * d, *q = turned + c * d, square = 0.0;
            const double *below = factors + c * size + d;

            for (long j = 0; j < d; j++) {
                y[j] = points[i * d + j] - means[c * d + j];
                q[j] = scales[c * d + j] * y[j];
            }
            for (long j = 0; j < d; j++)
                for (long r = j + 1; r < d; r++)
                    q[r] += *below++ * y[j];
            for (long j = 0; j < d; j++)
                square += q[j] * q[j];
            terms[c] = base[c] - 0.5 * square;
            shift = terms[c] > shift ? terms[c] : shift;
        }
        for (long c = 0; c < k; c++) {
            terms[c] = exp(terms[c] - shift);
            sum += terms[c];
        }
        value += log(sum) + shift;
        for (long c = 0; c < k; c++) {
            const double share = terms[c] / sum, *y = missed + c * d, *q = turned + c * d;
            const double *below = factors + c * size + d;
            double *by_factor = by_factors + c * size, *by_below = by_factor + d;

            by_alphas[c] += share;
            for (long j = 0; j < d; j++) {
                by_factor[j] += share * (1.0 - q[j] * scales[c * d + j] * y[j]);
                back[j] = scales[c * d + j] * q[j];
            }
            for (long j = 0; j < d; j++)
                for (long r = j + 1; r < d; r++) {
                    *by_below++ -= share * q[r] * y[j];
                    back[j] += *below++ * q[r];
                }
            for (long j = 0; j < d; j++)
                by_means[c * d + j] += share * back[j];
        }
    }
    for (long c = 1; c < k; c++)
        largest = alphas[c] > largest ? alphas[c] : largest;
    for (long c = 0; c < k; c++)
        total += exp(alphas[c] - largest);
    value -= n * (log(total) + largest);
    for (long c = 0; c < k; c++) {
        by_alphas[c] -= n * exp(alphas[c] - largest) / total;
        for (long j = 0; j < size; j++) {
            const double entry = j < d ? scales[c * d + j] : factors[c * size + j];
            value += 0.5 * gamma * gamma * entry * entry;
            by_factors[c * size + j] += gamma * gamma * entry * (j < d ? entry : 1.0);
        }
    }
    free(scales), free(base), free(terms), free(missed), free(turned), free(back);
    return value;
}

enum { FINGERS = 5, BONES = 1 + 3 * FINGERS, PARAMETERS = 6 + 4 * FINGERS };

static void times(double *matrix, const double *other)
{
    double found[16];

    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            double sum = 0.0;
            for (int l = 0; l < 4; l++)
                sum += matrix[4 * i + l] * other[4 * l + j];
            found[4 * i + j] = sum;
        }
    memcpy(matrix, found, sizeof found);
}

/* The rotation about an axis by parameter `which`, or its derivative where that is the one `by`. */
static void turn(double *matrix, int axis, const double *theta, int which, int by, int *depends)
{
    const double c = cos(theta[which]), s = sin(theta[which]), sign = axis == 1 ? -1.0 : 1.0;
    const int first = axis == 0 ? 1 : 0, second = axis == 2 ? 1 : 2;
    double other[16] = {0};

    *depends |= which == by;
    other[5 * first] = other[5 * second] = which == by ? -s : c;
    other[4 * first + second] = -sign * (which == by ? c : s);
    other[4 * second + first] = sign * (which == by ? c : s);
    if (which != by)
        other[5 * axis] = other[15] = 1.0;
    times(matrix, other);
}

/* The transformation of a bone, or its derivative by a parameter. */
static void bone(double *matrix, int which, const double *theta, const double *frames, int by)
{
    int depends = by >= 3 && by < 6;
    const int finger = (which - 1) / 3, joint = (which - 1) % 3, own = 6 + 4 * finger;

    memset(matrix, 0, 16 * sizeof *matrix);
    if (depends) {
        matrix[4 * (by - 3) + 3] = 1.0;
    } else {
        matrix[0] = matrix[5] = matrix[10] = matrix[15] = 1.0;
        for (int i = 0; i < 3; i++)
            matrix[4 * i + 3] = theta[3 + i];
    }
    for (int axis = 2; axis >= 0; axis--)
        turn(matrix, axis, theta, axis, by, &depends);
    if (which) {
        times(matrix, frames + 16 * finger);
        turn(matrix, 2, theta, own, by, &depends);
        turn(matrix, 0, theta, own + 1, by, &depends);
        for (int i = 0; i < joint; i++) {
            const double along[16] = {1, 0, 0, 0, 0, 1, 0, i ? 0.3 : 0.5, 0, 0, 1, 0, 0, 0, 0, 1};
            times(matrix, along);
            turn(matrix, 0, theta, own + 2 + i, by, &depends);
        }
    }
    if (!depends)
        memset(matrix, 0, 16 * sizeof *matrix);
}

/* By each parameter: the derivatives of the bones, blended for each vertex, applied to it. */
double hand_jacobian(long n, const double *restrict theta, const double *restrict frames, const double *restrict base,
                     const double *restrict weights, double *restrict jacobian)
{
    double derivatives[PARAMETERS][BONES][16];

    for (int k = 0; k < PARAMETERS; k++)
        for (int b = 0; b < BONES; b++)
            bone(derivatives[k][b], b, theta, frames, k);
    for (long v = 0; v < n; v++)
        for (int k = 0; k < PARAMETERS; k++) {
            double blended[12] = {0};

            for (int b = 0; b < BONES; b++)
                for (int i = 0; i < 12; i++)
                    blended[i] += weights[b * n + v] * derivatives[k][b][i];
            for (int i = 0; i < 3; i++) {
                double sum = 0.0;
                for (int j = 0; j < 4; j++)
                    sum += blended[4 * i + j] * base[j * n + v];
                jacobian[(i * n + v) * PARAMETERS + k] = sum;
            }
        }
    return 0.0;
}
