import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { rescuedDevice } from '@sirocco/shared/model/volumes/rescued.ts'
import type { VolumeState } from '@sirocco/shared/model/volumes/states.ts'
import { type Machine, stateOfMachine } from '../machines/machine.ts'
import { isShared } from './pool.ts'
import { type Snapshot, stateOfSnapshot } from './snapshot.ts'
import { stateOfVolume, type Volume } from './volume.ts'

const nameOf = ({ name, alias }: { readonly name: string; readonly alias: string }) => (name === '' ? alias : name)

/** Why a volume in such a state can be given to nothing, and what to do. */
const otherwise: Record<Exclude<VolumeState, 'available'>, (name: string) => string> = {
  creating: name => `${name} is still being made; wait until it is available`,
  attaching: name => `${name} is being attached; wait until it is in use`,
  'in-use': name => `${name} is attached to a machine; detach it first`,
  detaching: name => `${name} is being detached; wait until its guest has let go of it, or stop the machine`,
  deleting: name => `${name} is being deleted`,
  gone: name => `${name} no longer exists`,
  failed: name => `${name} could not be made; delete it and make another`,
  unknown: name => `the host of ${name} does not answer; try again once it is back`,
}

/** Is the volume in one of these states? */
export function isIn(volume: Volume, states: readonly VolumeState[]): Result<void> {
  const state = stateOfVolume(volume)
  if (states.includes(state)) return ok(undefined)
  const words = state === 'available' ? `${nameOf(volume)} is attached to no machine` : otherwise[state](nameOf(volume))
  return refuse('precondition', words, { field: volume.alias })
}

/** Is it neither the disk that a machine in rescue boots from, nor that machine's own? */
export function outsideRescue(volume: Volume): Result<void> {
  const { id, alias, attachment } = volume
  if (!attachment || attachment.rescueVolume === null) return ok(undefined)
  if (attachment.rescueVolume !== id && attachment.device !== rescuedDevice) return ok(undefined)
  return refuse('precondition', say('volume.in_rescue', { name: nameOf(volume), machine: attachment.machineAlias }), {
    field: alias,
  })
}

/**
 * May what this machine's volumes are be changed? Under memory that is kept nothing is, and whoever asked would wait until somebody resumes the machine;
 * so also of one that is just being suspended.
 */
export function changeable(machine: Machine): Result<void> {
  if (stateOfMachine(machine) !== 'suspended' && machine.power !== 'suspended') return ok(undefined)
  return refuse('precondition', `${machine.name} is suspended; resume or stop it first`, { field: machine.alias })
}

/** May this volume be attached to this machine? */
export function attachable(volume: Volume, machine: Machine): Result<void> {
  const free = isIn(volume, ['available'])
  if (!free.ok) return free
  const state = stateOfMachine(machine)
  const field = machine.alias
  if (state === 'deleting' || state === 'gone' || machine.host === null)
    return refuse('precondition', `${machine.name} is being deleted, or holds nothing any more; choose another machine`, {
      field,
    })
  const changing = changeable(machine)
  if (!changing.ok) return changing
  if (state === 'unknown')
    return refuse('precondition', `the host of ${machine.name} does not answer; try again once it is back`, { field })
  if (volume.zone !== machine.zone)
    return refuse(
      'precondition',
      `${nameOf(volume)} is in zone ${volume.zone}, ${machine.name} in ${machine.zone}; choose a machine there`,
      {
        field,
      },
    )
  if (volume.host !== null && volume.host !== machine.host && !isShared(volume.pool))
    return refuse(
      'precondition',
      `${nameOf(volume)} lies on another host than ${machine.name}; choose a machine that shares its host, or make a new volume`,
      { field },
    )
  return ok(undefined)
}

/** Does the snapshot hold what its volume held? */
export function isReady(snapshot: Snapshot): Result<void> {
  const state = stateOfSnapshot(snapshot)
  if (state === 'ready') return ok(undefined)
  return refuse(
    'precondition',
    state === 'creating'
      ? `${nameOf(snapshot)} is still being made; wait until it is ready`
      : `${nameOf(snapshot)} is ${state}; choose another`,
    { field: snapshot.alias },
  )
}
