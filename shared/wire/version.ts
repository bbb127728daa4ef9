/**
 * The protocol between agent and control plane. One rising number; a change that the other side could notice gets a line here.
 * - 1 (2026-11-22): hello, welcome, desired, observed, command, result, ack, resync.
 *   And (2026-11-22): ask, answer, history, kept.
 */
export const protocol = 1
/** The oldest agent protocol that the control plane still speaks. */
export const oldestProtocol = 1
