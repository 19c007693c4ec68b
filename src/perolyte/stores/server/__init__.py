"""A MongoDB-compatible server for the store of one machine: pymongo, maggma, FireWorks as they are.

The documents lie in the same SQLite file, in the same tables, as those of a store that is opened in
process. One process serves them over the MongoDB wire protocol on loopback, to clients that know
its token.
"""

from perolyte.stores.server.address import ServerAddress, find_server
from perolyte.stores.server.control import start_server, stop_server

__all__ = ["ServerAddress", "find_server", "start_server", "stop_server"]
