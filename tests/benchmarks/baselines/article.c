/* The article's 2-2-2 network by hand: its training, and its loss and gradient summed over many samples. */

#include <math.h>

static const double b1 = 0.35, b2 = 0.60;

static inline double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }

/* Gradient descent on the eight weights, all changed at once; returns the error before the last change.

   Every operation waits for the one before it, so that packing them in pairs only adds shuffles: gcc 12 at -O3 does
   pack them, and is then slower by half. */
__attribute__((optimize("no-tree-slp-vectorize")))
double train(long rounds, double *weights)
{
    const double i1 = 0.05, i2 = 0.10, target_o1 = 0.01, target_o2 = 0.99, rate = 0.5;
    double w1 = weights[0], w2 = weights[1], w3 = weights[2], w4 = weights[3];
    double w5 = weights[4], w6 = weights[5], w7 = weights[6], w8 = weights[7];
    double error = 0.0;

    for (long round = 0; round < rounds; round++) {
        const double h1 = sigmoid(w1 * i1 + w2 * i2 + b1);
        const double h2 = sigmoid(w3 * i1 + w4 * i2 + b1);
        const double o1 = sigmoid(w5 * h1 + w6 * h2 + b2);
        const double o2 = sigmoid(w7 * h1 + w8 * h2 + b2);
        const double miss1 = o1 - target_o1, miss2 = o2 - target_o2;
        const double delta_o1 = miss1 * (o1 * (1.0 - o1));
        const double delta_o2 = miss2 * (o2 * (1.0 - o2));
        const double delta_h1 = (delta_o1 * w5 + delta_o2 * w7) * (h1 * (1.0 - h1));
        const double delta_h2 = (delta_o1 * w6 + delta_o2 * w8) * (h2 * (1.0 - h2));

        error = 0.5 * miss1 * miss1 + 0.5 * miss2 * miss2;
        w1 -= delta_h1 * (rate * i1);
        w2 -= delta_h1 * (rate * i2);
        w3 -= delta_h2 * (rate * i1);
        w4 -= delta_h2 * (rate * i2);
        w5 -= delta_o1 * (rate * h1);
        w6 -= delta_o1 * (rate * h2);
        w7 -= delta_o2 * (rate * h1);
        w8 -= delta_o2 * (rate * h2);
    }
    weights[0] = w1, weights[1] = w2, weights[2] = w3, weights[3] = w4;
    weights[4] = w5, weights[5] = w6, weights[6] = w7, weights[7] = w8;
    return error;
}

/* The loss summed over n samples; its derivatives with respect to the eight weights go into gradient. */
double batch(long n, const double *restrict weights, const double *restrict i1, const double *restrict i2,
             const double *restrict target_o1, const double *restrict target_o2, double *restrict gradient)
{
    const double w1 = weights[0], w2 = weights[1], w3 = weights[2], w4 = weights[3];
    const double w5 = weights[4], w6 = weights[5], w7 = weights[6], w8 = weights[7];
    double loss = 0.0, g1 = 0.0, g2 = 0.0, g3 = 0.0, g4 = 0.0, g5 = 0.0, g6 = 0.0, g7 = 0.0, g8 = 0.0;

    for (long i = 0; i < n; i++) {
        const double h1 = sigmoid(w1 * i1[i] + w2 * i2[i] + b1);
        const double h2 = sigmoid(w3 * i1[i] + w4 * i2[i] + b1);
        const double o1 = sigmoid(w5 * h1 + w6 * h2 + b2);
        const double o2 = sigmoid(w7 * h1 + w8 * h2 + b2);
        const double miss1 = o1 - target_o1[i], miss2 = o2 - target_o2[i];
        const double delta_o1 = miss1 * o1 * (1.0 - o1);
        const double delta_o2 = miss2 * o2 * (1.0 - o2);
        const double delta_h1 = (delta_o1 * w5 + delta_o2 * w7) * h1 * (1.0 - h1);
        const double delta_h2 = (delta_o1 * w6 + delta_o2 * w8) * h2 * (1.0 - h2);

        loss += 0.5 * miss1 * miss1 + 0.5 * miss2 * miss2;
        g1 += delta_h1 * i1[i];
        g2 += delta_h1 * i2[i];
        g3 += delta_h2 * i1[i];
        g4 += delta_h2 * i2[i];
        g5 += delta_o1 * h1;
        g6 += delta_o1 * h2;
        g7 += delta_o2 * h1;
        g8 += delta_o2 * h2;
    }
    gradient[0] = g1, gradient[1] = g2, gradient[2] = g3, gradient[3] = g4;
    gradient[4] = g5, gradient[5] = g6, gradient[6] = g7, gradient[7] = g8;
    return loss;
}
