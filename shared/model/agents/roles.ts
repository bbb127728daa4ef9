/** What an agent is asked to do: carry machines, make images of what people bring. */
export const agentRoles = ['host', 'convert'] as const
export type AgentRole = (typeof agentRoles)[number]
