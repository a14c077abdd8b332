"""Every fault the system has to survive, by name. One module for each thing that breaks."""

from proof.chaos.fault import Fault
from proof.chaos.faults import broker, clocks, database, messages, network, outbox, processes

ALL: dict[str, Fault] = {
    fault.name: fault
    for module in (processes, network, broker, database, messages, outbox, clocks)
    for fault in module.FAULTS
}
