/**
 * The protocol between agent and control plane. One rising number; a change that the other side could notice gets a line here.
 * - 1 (2026-11-22): hello, welcome, desired, observed, command, result, ack, resync.
 * - 2 (2026-11-22): volumes and snapshots are objects; a machine has no disk of its own any more; machines paused and suspended; firmware;
 *   commands screen, screenshot, guest and power-off; ask, answer, history, kept; imports are objects too; volumes go back to snapshots,
 *   snapshots of one moment; volumes and snapshots that were kept before; hello names the agent's bundle, command upgrade;
 *   what a machine that was found is made of, power as-is; backups are objects, and what volumes are made from;
 *   security groups are objects, which ports name; usage, usage-kept; networks have numbers, and their ports on each other host are an
 *   object (neighbours); pools in directories of hosts, and shared ones, are objects; networks with a gateway apart; pools in Ceph.
 */
export const protocol = 2
/** The oldest agent protocol that the control plane still speaks. */
export const oldestProtocol = 2
