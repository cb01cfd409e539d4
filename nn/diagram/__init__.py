"""The diagram of a network."""

from nn.diagram.network_view import draw_network, network_dot

__all__ = [
    "draw_network",
    "network_dot",
]
