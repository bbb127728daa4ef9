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

export const machineVerbs = ['start', 'stop', 'reboot', 'delete'] as const
export type MachineVerb = (typeof machineVerbs)[number]

/** What a guest starts from: a PC BIOS, or UEFI with variables of its own. */
export const firmwares = ['bios', 'uefi'] as const
export type Firmware = (typeof firmwares)[number]

/** What is wanted of the power. `off` asks the guest, waits, then cuts; `cut` does not ask; `gone` removes the machine. */
export const powers = ['on', 'off', 'cut', 'gone'] as const
export type Power = (typeof powers)[number]

/** What an observer sees of it. `absent`: the hypervisor knows no such machine. */
export const seenPowers = ['running', 'paused', 'stopping', 'stopped', 'crashed', 'absent'] as const
export type SeenPower = (typeof seenPowers)[number]
