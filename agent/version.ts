/** Of the agent; said in every hello. */
export const agentVersion = '0.1.0'
