/* Derivatives through loops of unknown length, by hand: the states of all trips on a tape that grows. */

#include <math.h>
#include <stdlib.h>

struct tape { double *states; long room, trips; };

static double *pushed(struct tape *tape, long size)
{
    if (tape->trips == tape->room) {
        tape->room = tape->room ? 2 * tape->room : 64;
        tape->states = realloc(tape->states, sizeof(double) * size * tape->room);
        if (!tape->states)
            abort();
    }
    return tape->states + size * tape->trips++;
}

/* A pendulum with friction, by steps of dt, until its energy is below a bound: the angle then, and its derivatives
   by the first angle, gravity and friction. */
double pendulum(const double *inputs, double dt, double bound, double *slopes)
{
    struct tape tape = {0};
    double angle = inputs[0], gravity = inputs[1], friction = inputs[2], speed = 0.0;
    while (0.5 * speed * speed + gravity * (1.0 - cos(angle)) > bound) {
        double *state = pushed(&tape, 2);
        state[0] = angle, state[1] = speed;
        speed = speed - dt * (gravity * sin(angle) + friction * speed);
        angle = angle + dt * speed;
    }
    double d_angle = 1.0, d_speed = 0.0, d_gravity = 0.0, d_friction = 0.0;
    for (long i = tape.trips; i--;) {
        double a = tape.states[2 * i], s = tape.states[2 * i + 1];
        d_speed += dt * d_angle;
        double d = -dt * d_speed;
        d_gravity += d * sin(a);
        d_friction += d * s;
        d_angle += d * gravity * cos(a);
        d_speed += d * friction;
    }
    free(tape.states);
    slopes[0] = d_angle, slopes[1] = d_gravity, slopes[2] = d_friction;
    return angle;
}

/* Van der Pol's oscillator by Bogacki and Shampine's pair, third order with the second to judge it, with steps as long
   as the tolerance allows: the place at time `end`, and its derivatives by mu and by the first place. */
static const double B[3] = {2.0 / 9.0, 1.0 / 3.0, 4.0 / 9.0};
static const double E[4] = {2.0 / 9.0 - 7.0 / 24.0, 1.0 / 3.0 - 1.0 / 4.0, 4.0 / 9.0 - 1.0 / 3.0, -1.0 / 8.0};

struct stages { double h, x[4], v[4], kx[4], kv[4], ex, ev, error, factor; };

static void staged(double mu, double end, double tolerance, const double *state, struct stages *s)
{
    double h = s->h = fmin(state[1], end - state[0]), x = state[2], v = state[3];
    double a[3] = {0.0, 0.5, 0.75};
    for (int i = 0; i < 4; i++) {
        s->x[i] = x, s->v[i] = v;
        if (i && i < 3)
            s->x[i] = x + h * a[i] * s->kx[i - 1], s->v[i] = v + h * a[i] * s->kv[i - 1];
        if (i == 3) {
            s->x[3] = x + h * (B[0] * s->kx[0] + B[1] * s->kx[1] + B[2] * s->kx[2]);
            s->v[3] = v + h * (B[0] * s->kv[0] + B[1] * s->kv[1] + B[2] * s->kv[2]);
        }
        s->kx[i] = s->v[i];
        s->kv[i] = mu * (1.0 - s->x[i] * s->x[i]) * s->v[i] - s->x[i];
    }
    s->ex = h * (E[0] * s->kx[0] + E[1] * s->kx[1] + E[2] * s->kx[2] + E[3] * s->kx[3]);
    s->ev = h * (E[0] * s->kv[0] + E[1] * s->kv[1] + E[2] * s->kv[2] + E[3] * s->kv[3]);
    s->error = sqrt(s->ex * s->ex + s->ev * s->ev) / tolerance;
    s->factor = fmin(5.0, fmax(0.2, 0.9 * pow(s->error, -1.0 / 3.0)));
}

double oscillator(const double *inputs, double end, double tolerance, double *slopes)
{
    struct tape tape = {0};
    struct stages s;
    double mu = inputs[0], now[4] = {0.0, 0.01, inputs[1], 0.0}, a[3] = {0.0, 0.5, 0.75};
    while (now[0] < end) {
        double *state = pushed(&tape, 4);
        for (int i = 0; i < 4; i++)
            state[i] = now[i];
        staged(mu, end, tolerance, state, &s);
        if (s.error <= 1.0)
            now[0] += s.h, now[2] = s.x[3], now[3] = s.v[3];
        now[1] = s.h * s.factor;
    }
    double dt = 0.0, dh = 0.0, dx = 1.0, dv = 0.0, dmu = 0.0;
    for (long n = tape.trips; n--;) {
        const double *state = tape.states + 4 * n;
        staged(mu, end, tolerance, state, &s);
        double gx[4] = {0}, gv[4] = {0}; /* of the slopes of the stages */
        double own_x = dx, own_v = dv, d = dh * s.factor;
        double raw = 0.9 * pow(s.error, -1.0 / 3.0);
        double d_error = raw > 0.2 && raw < 5.0 ? dh * s.h * raw / s.error * (-1.0 / 3.0) : 0.0;
        double scale = d_error / (tolerance * tolerance * s.error);
        double d_ex = scale * s.ex, d_ev = scale * s.ev;
        d += (d_ex * s.ex + d_ev * s.ev) / s.h;
        for (int i = 0; i < 4; i++)
            gx[i] = d_ex * s.h * E[i], gv[i] = d_ev * s.h * E[i];
        double px = 0.0, pv = 0.0; /* of the last stage's place */
        if (s.error <= 1.0) {
            px = dx, pv = dv, d += dt;
            own_x = own_v = 0.0;
        }
        for (int i = 3; i >= 0; i--) {
            double x = s.x[i], v = s.v[i], by_x = px, by_v = pv;
            by_x += gv[i] * (-2.0 * mu * x * v - 1.0);
            by_v += gx[i] + gv[i] * mu * (1.0 - x * x);
            dmu += gv[i] * (1.0 - x * x) * v;
            own_x += by_x, own_v += by_v;
            if (i == 3)
                for (int j = 0; j < 3; j++) {
                    gx[j] += s.h * B[j] * by_x, gv[j] += s.h * B[j] * by_v;
                    d += B[j] * (by_x * s.kx[j] + by_v * s.kv[j]);
                }
            else if (i) {
                gx[i - 1] += s.h * a[i] * by_x, gv[i - 1] += s.h * a[i] * by_v;
                d += a[i] * (by_x * s.kx[i - 1] + by_v * s.kv[i - 1]);
            }
            px = pv = 0.0;
        }
        if (state[1] <= end - state[0])
            dh = d;
        else
            dh = 0.0, dt -= d;
        dx = own_x, dv = own_v;
    }
    free(tape.states);
    slopes[0] = dmu, slopes[1] = dx;
    return now[2];
}
