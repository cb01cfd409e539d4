"""The parts of `bench_native.py`: how it measures, the peers, and the rows of its table."""
