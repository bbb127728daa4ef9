import type { Machine as MachineJson } from '@sirocco/shared/api/machines.ts'
import { changeRefusal, refusal } from '@sirocco/shared/model/machines/transitions.ts'
import { isRescued, type Machine, stateOfMachine } from '../../../domain/machines/machine.ts'
import { reasonOf } from './reason.ts'
import { orNull, time } from './time.ts'

/** A machine as the native API tells it; on which host only to admins. */
export function machineJson(machine: Machine, admin: boolean): MachineJson {
  const state = stateOfMachine(machine)
  const rescued = isRescued(machine)
  const reason = machine.failure ?? machine.observed?.fault ?? null
  return {
    id: machine.id,
    ec2Id: machine.alias,
    name: machine.name,
    state,
    allowed: {
      start: refusal('start', state),
      stop: refusal('stop', state),
      reboot: refusal('reboot', state),
      pause: refusal('pause', state),
      suspend: refusal('suspend', state),
      resume: refusal('resume', state),
      delete: refusal('delete', state),
      rename: changeRefusal('rename', state, rescued),
      protect: changeRefusal('protect', state, rescued),
      resize: changeRefusal('resize', state, rescued),
      userData: changeRefusal('userData', state, rescued),
      snapshot: changeRefusal('snapshot', state, rescued),
      revert: changeRefusal('revert', state, rescued),
      rescue: changeRefusal('rescue', state, rescued),
      unrescue: changeRefusal('unrescue', state, rescued),
    },
    stateReason: reasonOf(reason),
    progress: machine.observed?.progress ?? null,
    region: machine.region,
    zone: machine.zone,
    flavor: { name: machine.flavor, vcpus: machine.vcpus, memoryMiB: machine.memoryMiB, diskMiB: machine.diskMiB },
    image: { id: machine.image, ec2Id: machine.imageAlias },
    keyPair: machine.keyPair,
    placementGroup:
      machine.placementGroup === null ? null : { id: machine.placementGroup, name: machine.placementGroupName ?? '' },
    hostTags: { ...machine.hostTags },
    addresses: machine.ports.map(port => port.address),
    ports: machine.ports.map(({ id, alias, network, subnet, mac, address, groups }) => ({
      id,
      ec2Id: alias,
      network,
      subnet,
      mac,
      address,
      groups: groups.map(group => ({ id: group.id, ec2Id: group.alias, name: group.name })),
    })),
    volumes: machine.volumes.map(({ id, alias, device, sizeMiB, boot, deleteOnTermination }) => ({
      id,
      ec2Id: alias,
      device,
      sizeMiB,
      boot,
      deleteOnTermination,
    })),
    rescue:
      machine.rescueVolume === null || machine.rescueImage === null
        ? null
        : { image: machine.rescueImage, volume: machine.rescueVolume },
    tags: { ...machine.tags },
    ...(admin ? { host: machine.host } : {}),
    reservation: machine.reservation,
    onGuestShutdown: machine.onGuestShutdown,
    protected: machine.protected,
    firmware: machine.firmware,
    recover: machine.recover,
    generation: machine.generation,
    createdAt: time(machine.createdAt),
    ranAt: orNull(machine.ranAt),
  }
}
