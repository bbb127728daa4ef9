export const machineStates = [
  'creating',
  'starting',
  'running',
  'paused',
  'stopping',
  'stopped',
  'suspended',
  'failed',
  'deleting',
  'gone',
  'unknown',
] as const
export type MachineState = (typeof machineStates)[number]

export const machineVerbs = ['start', 'stop', 'reboot', 'pause', 'suspend', 'resume', 'delete'] as const
export type MachineVerb = (typeof machineVerbs)[number]

/**
 * What becomes of a machine whose host is fenced: `no`, it waits for its host; `disk`, it runs elsewhere with its disk where another host
 * reaches that; `fresh`, it runs elsewhere, with a fresh disk from its image.
 */
export const recovers = ['no', 'disk', 'fresh'] as const
export type Recover = (typeof recovers)[number]

/** What is changed of a machine without asking anything of its power. */
export const machineChanges = ['rename', 'protect', 'resize', 'userData', 'snapshot', 'revert', 'rescue', 'unrescue'] as const
export type MachineChange = (typeof machineChanges)[number]

/** What a guest starts from: a PC BIOS, or UEFI with variables of its own. */
export const firmwares = ['bios', 'uefi'] as const
export type Firmware = (typeof firmwares)[number]

/**
 * What is wanted of the power. `off` asks the guest, waits, then cuts; `cut` does not ask; `paused` stands still in memory; `suspended` is
 * off, its memory kept on disk; `gone` removes the machine; `as-is`: it was found, and stays as it is until somebody asks for something.
 */
export const powers = ['on', 'off', 'cut', 'paused', 'suspended', 'gone', 'as-is'] as const
export type Power = (typeof powers)[number]

/** What an observer sees of it. `absent`: the hypervisor knows no such machine. */
export const seenPowers = ['running', 'paused', 'stopping', 'stopped', 'suspended', 'crashed', 'absent'] as const
export type SeenPower = (typeof seenPowers)[number]
