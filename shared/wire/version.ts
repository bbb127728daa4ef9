/**
 * The protocol between agent and control plane. One rising number; a change that the other side could notice gets a line here.
 * - 1 (2026-11-22): hello, welcome, desired, observed, command, result, ack, resync.
 * - 2 (2026-11-22): machines paused and suspended; firmware; commands screen, screenshot and guest. An older agent is sent none of it unless
 *   somebody asks for it.
 */
export const protocol = 2
/** The oldest agent protocol that the control plane still speaks. */
export const oldestProtocol = 1
