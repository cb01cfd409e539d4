"""Recording a function for compilation: its operations go into a graph, and no number is computed.

- `traced`: the nodes, which are Values without a number, and the recording of one operation;
- `absence`: derivatives that may be absent when the program runs;
- `trace`: one recording, its branches, and the graph that comes of it;
- `structured`: loops, batches, branches and arrays as steps of a recording;
- `rules`: how those are differentiated;
- `arrays`: whole arrays, and what a function sees of them.
"""
