/** How a management controller is spoken to. */
export const powerWays = ['ipmi', 'redfish'] as const
export type PowerWay = (typeof powerWays)[number]

/** Where one listens unless it is said. */
export const powerPorts = { ipmi: 623, redfish: 443 } as const satisfies Record<PowerWay, number>

/** Who vouches that nothing runs on a silent host: its management controller, or an admin who typed its name. */
export const fenceWays = ['word', ...powerWays] as const
export type FenceWay = (typeof fenceWays)[number]
