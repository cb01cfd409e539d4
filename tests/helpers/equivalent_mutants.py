"""The mutants of the passes that change no number and no shape of a program, each under the reason why."""

REASONS: dict[str, list[str]] = {
    "a product, or a connective, of two things is that of the two exchanged; two constants have been folded before": [
        "simplify.rewriting._multiply: `((x, y), (y, x))` is `((y, x), (x, y))`",
        "simplify.rewriting._where: `(factor, left[1])` is `(left[1], factor)`",
        "simplify.rewriting._and: `_connective(builder, x, y, True)` is `_connective(builder, y, x, True)`",
        "simplify.rewriting._or: `_connective(builder, x, y, False)` is `_connective(builder, y, x, False)`",
        "simplify.rewriting._connective: `((x, y), (y, x))` is `((y, x), (x, y))`",
        "simplify.arrays._Term.__add__: `(self.value, other.value)` is `(other.value, self.value)`",
    ],
    "it only saves work: where nothing changes, the same thing is built again": [
        "simplify.copying._loop: the condition `len(rest) < len(shared)` is True",
        "simplify.copying._loop: `len(rest) < len(shared)` is `len(rest) <= len(shared)`",
        "simplify.copying._branch: the condition `len(rest) < len(shared)` is True",
        "simplify.copying._branch: `len(rest) < len(shared)` is `len(rest) <= len(shared)`",
        "simplify.builder.Builder.place: the condition `type(operation) is Primitive` is False",
        "simplify.arrays.row_on_numbers: `item if builder.kind(item) is PREDICATE else "
        "row_of(builder, table.not_equal, (item, zero))` is `row_of(builder, table.not_equal, (item, zero))`",
    ],
    "it only saves work: a graph or a step of which all is needed is built again": [
        "simplify.pruning.pruned: the condition `len(kept) == len(steps) and all((a[0] is b[0] for a, b in "
        "zip(reversed(kept), steps)))` is False",
        "simplify.pruning.pruned: `reversed` is `list` (2)",
        "simplify.pruning.pruned: `0` is `1`",
        "simplify.pruning.pruned: `0` is `1` (2)",
        "simplify.pruning._pruned_loop: the condition `len(wanted) == len(outputs) and len(taken) == len(operands) and "
        "(save == loop.save)` is False",
        "simplify.pruning._pruned_branch: the condition "
        "`len(used) == len(results) and len(inputs) == len(operands) - 1` is False",
        "simplify.pruning._pruned_branch: `len(operands) - 1` is `len(operands)`",
        "simplify.pruning._pruned_branch: `len(operands) - 1` is `len(operands) + 1`",
        "simplify.pruning._pruned_branch: `1` is `2` (2)",
    ],
    "a body has no inputs beyond the last operand, and none of them is needed": [
        "simplify.pruning._pruned_loop: `len(operands) - first - carried - sliced` is "
        "`len(operands) - first - carried + sliced`",
        "simplify.pruning._pruned_loop: `len(operands) - first - carried - sliced` is "
        "`len(operands) - first - carried`",
        "simplify.pruning._pruned_loop: `len(operands) - first - carried` is `len(operands) - first`",
        "simplify.pruning._pruned_loop: `len(operands) - first - carried` is `len(operands) - first + carried`",
        "simplify.pruning._pruned_loop: `len(operands) - first` is `len(operands)`",
        "simplify.pruning._pruned_loop: `len(operands) - first` is `len(operands) + first`",
    ],
    "the sum of two derivatives is that of the two exchanged": [
        "tracing.rules._pull_loop: `plus(a, b)` is `plus(b, a)`",
    ],
    "the axis that is summed is left out": [
        "simplify.arrays.without_repeats: `a > summed` is `a >= summed`",
    ],
    "an input that is not there feeds only steps that have been dropped": [
        "simplify.pruning._restricted: `0` is `1`",
    ],
    "a name more than there are results is paired with none of them": [
        "simplify.pruning._pruned_loop: the condition `condition is not None` is True (2)",
    ],
    "any key will do that tells apart what differs": [
        "simplify.builder.Builder.add: `(replace(operation, save=False), *operands)` is "
        "`(*operands, replace(operation, save=False))`",
        "simplify.builder.Builder.add: `False` is `True`",
        "simplify.builder.Builder.add: `_order(operands[0]) > _order(operands[1])` is "
        "`_order(operands[0]) >= _order(operands[1])`",
    ],
    "values and constants under construction may have any numbers: `graph` numbers them again": [
        "simplify.builder.Builder.__init__: `:graph.inputs` is `:graph.inputs + 1`",
        "simplify.builder.Builder.graph: `(*(operand for step in self.steps for operand in step.operands), *outputs)` "
        "is `(*outputs, *(operand for step in self.steps for operand in step.operands))`",
    ],
    "it only saves work: the step of a batch that is recorded again has no states to save, and nobody needs it": [
        "tracing.rules._pull_loop: the condition `op.carried` is True",
    ],
    "it only saves work: where the forms that are assumed at first are others, the step is recorded once more": [
        "tracing.rules._pull_loop: `[ABSENT] * len(parts.shared)` is `[ABSENT]`",
    ],
    "what nobody asks for is found, too, and thrown away": [
        "tracing.rules._Replay.__init__: `topological_order([item for item in self.results if isinstance(item, Value)]"
        ", stop=self.leaves)` is `topological_order([item for item in self.results if isinstance(item, Value)])`",
    ],
    "no number is a key there: it would only be compared with a node whose hash were the same": [
        "tracing.rules.pull: `isinstance(item, Traced) and item in active` is `item in active`",
        "tracing.rules.push: `tangents.get(item) if isinstance(item, Traced) else None` is `tangents.get(item)`",
        "tracing.rules._Replay.push: `tangents.get(item) if isinstance(item, Value) else None` is `tangents.get(item)`",
    ],
    "where a derivative is absent, its value is not looked at": [
        "tracing.rules._encoded: `0.0` is `-0.0`",
        "tracing.rules._encoded: `0.0` is `1.0`",
    ],
    "both sides of a branch have as many results": [
        "tracing.rules._pull_branch: `op.then` is `op.otherwise`",
    ],
}  # fmt: skip
EQUIVALENT = {mutant: reason for reason, mutants in REASONS.items() for mutant in mutants}
