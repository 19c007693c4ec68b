"""The CHGNet network for inference: frozen weights, a reference pass and a fast one for the CPU.

The network is that of Deng et al., Nat. Mach. Intell. 5 (2023) 1031, doi
10.1038/s42256-023-00716-3, written flat: the first linear layer of each message is applied to atoms
and bonds before they are gathered on edges and angles, core and gate of a gated layer are one
product, and the last angle update, which nothing reads, is left out.
"""

from perolyte.potentials.chgnet_network.network import NetworkOutput, differentiate
from perolyte.potentials.chgnet_network.weights import NetworkWeights, read_weights

__all__ = ["NetworkOutput", "NetworkWeights", "differentiate", "read_weights"]
