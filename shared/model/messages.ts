import type { Said } from '../kit/fault.ts'

/**
 * What people are told of operations, waiting and refusals, by key. `{name}` stands for a parameter. The English text is made from here
 * alone; whoever shows it in another language has the same keys there, and falls back to the text.
 */
export const messages = {
  'machine.is_creating': '{name} is still being created; wait until it runs',
  'machine.is_starting': '{name} is starting; wait until it runs',
  'machine.is_stopping': '{name} is stopping; wait until it is stopped, then start it',
  'machine.is_stopped': '{name} is stopped; start it first',
  'machine.is_paused': '{name} is paused; resume it first',
  'machine.is_suspended': '{name} is suspended; resume it first',
  'machine.is_failed': '{name} has failed; start it again, or delete it',
  'machine.is_deleting': '{name} is being deleted',
  'machine.is_gone': '{name} no longer exists',
  'machine.is_moving': 'the machine is on its way to another host; try again once it has arrived',
  'machine.not_stopped': '{name} is not stopped; stop it first',
  'machine.host_silent': 'the host of {name} does not answer; try again once the host is back or fenced',
  'machine.is_rescued': '{name} is in rescue; let it leave rescue first',
  'machine.not_rescued': '{name} is not in rescue',
  'machine.never_ran': '{name} never ran and holds nothing any more; delete it and launch a new one',
  'machine.no_console': '{name} is not running; its console can be opened once it runs',
  'machine.too_late': '{name} did not come to run within {minutes} minutes; launch it again',
  'machine.no_answer': 'the host of {name} did not answer in time; try again',
  'machine.rescue_no_room': 'the host of {name} has no room for a rescue disk of {size} MiB; choose a smaller image',
  'backup.is_creating': '{name} is still being taken; wait until it is ready',
  'backup.is_failed': '{name} could not be taken; choose another',
  'backup.is_deleting': '{name} is being deleted; choose another',
  'backup.is_gone': '{name} no longer exists',
  'backup.awaited': '{name} is still to be restored to {count} volume(s): use them once, or delete them',
  'backup.lost': 'the snapshot that was made for it is not there any more; take it again',
  'backup.too_late': 'the backup was not taken within {hours} hours; take it again',
  'volume.in_rescue': '{name} belongs to {machine}, which is in rescue; let that leave rescue first',
  'host.not_linked': 'the host of this machine is not connected now; try again in a moment',
  'host.connecting': 'the host is just connecting; try again in a moment',
  'host.no_answer': 'the host did not answer in time; try again',
  'role.not_permitted': 'your role ({role}) does not permit {verb}; ask an owner of {project}',
  'member.last_owner': '{email} is the last owner of this project; make somebody else an owner first',
  'member.is_admin': 'who administers the platform is made and unmade by its administrators only',
  'session.is_key': 'an access key stays in its project; sign in to change projects, or use a key of the other project',
  'sign_in.wait': 'too many tries failed from where you are; try again in {seconds} seconds',
  'sign_in.busy': 'too many are signing in; try again in a moment',
  'sign_in.too_late': 'this took too long, or was answered already; sign in again',
  'sign_in.wrong_code': 'this code is not right, or was used already; enter the one that your app shows now, or a recovery code',
  'sign_in.not_fresh': 'sign out and in again first: how you sign in is changed right after signing in',
  'sign_in.only_session': 'how you sign in is changed in the portal, not by an access key',
  'totp.wrong_code':
    'this code is not right; enter the one that your app shows now, and check that the clock of your device is right',
  'totp.is_on': 'codes by an app are on already; turn them off first',
  'totp.is_off': 'codes by an app are not on; set them up first',
  'password.wrong': 'this is not your password',
  'password.too_short': 'choose a password of at least {length} characters',
  'identity.refused': '{provider} did not vouch for you; try again',
  'identity.no_answer': '{provider} does not answer as it should; try again, or sign in by another way',
  'identity.no_email': '{provider} does not vouch for an e-mail address of yours; ask whoever runs this cloud',
  'identity.no_role': 'your groups at {provider} give you no role in any project; ask whoever runs this cloud',
  'identity.address_taken': '{email} has an account here; sign in to it as before, then link {provider} in the settings',
  'identity.taken': 'this account at {provider} is linked to somebody here already, or yours to another; unlink it first',
  'identity.only_way': 'you have no password: choose one first, so that you still come in',
  'passkey.no_site': 'passkeys need an address that is a name, with TLS; ask whoever runs this cloud, or use your password',
  'passkey.refused': 'this passkey cannot be taken; try again, with a device that asks for your finger, face or PIN',
  'passkey.wrong': 'this passkey is not known here; sign in with your password, then add it in the settings',
  'user.is_self': 'nobody disables their own account; ask another administrator',
  'user.last_admin': '{email} is the last administrator; make somebody else one first',
  'quota.machines':
    'this project may not have more machines; delete what is not needed, or ask an administrator for a higher limit',
  'quota.vcpus':
    'this project may not have more virtual processors; delete what is not needed, or ask an administrator for a higher limit',
  'quota.memory':
    'this project may not have more memory in machines; delete what is not needed, or ask an administrator for a higher limit',
  'quota.volumes':
    'this project may not have more volumes; delete what is not needed, or ask an administrator for a higher limit',
  'quota.disk':
    'this project may not have more disk space in volumes; delete what is not needed, or ask an administrator for a higher limit',
  'quota.networks':
    'this project may not have more networks; delete what is not needed, or ask an administrator for a higher limit',
  'quota.snapshots':
    'this project may not have more snapshots; delete what is not needed, or ask an administrator for a higher limit',
  'quota.money':
    'this project has spent what it may in a month; launch again next month, or ask an administrator for a higher limit',
  'operation.unknown': 'there is no operation {id}',
  'operation.is_done': 'it is done; ask for the same anew where it is wanted again',
  'operation.is_over': 'it has ended already',
  'operation.is_superseded': 'a newer request took its place; look at that one',
  'operation.is_cleaning_up': 'it is being given up already; wait until it has cleaned up',
  'operation.is_stuck': 'it is stuck; an administrator must resolve it',
  'operation.is_not_stuck': 'only a stuck operation is resolved; retry it, or cancel it',
  'operation.never_ran': 'the machine never ran and holds nothing any more; delete it and launch a new one',
  'operation.is_outdated': 'something newer was asked since; ask for what is wanted now',
  'operation.ask_anew': 'it is not repeated from here; ask for the same anew',
  'operation.took_effect': 'its host was told already, and that cannot be taken back; ask for the opposite instead',
  'operation.must_finish': 'a delete cannot be taken back; it goes on until nothing is left',
  'operation.cancelled': 'it was cancelled',
  'operation.broken': 'something went wrong here; an admin must look',
  'waiting.host': 'waiting for the host',
  'waiting.silent_host': 'waiting for the host, which does not answer',
  'waiting.shown': 'waiting for the host to show it',
  'waiting.removed': 'waiting for the host to remove it',
  'waiting.cannot_remove': 'waiting for the host, which could not remove it: {why}',
  'waiting.no_converter': 'waiting for an agent that converts images: none is connected',
  'waiting.converter': 'waiting for the converting host',
  'waiting.silent_converter': 'waiting for the converting host, which does not answer',
  'waiting.moving': 'moving',
  'waiting.move_room': 'waiting for the other host to make room',
  'waiting.move_shown': 'waiting for the other host to show it',
  'waiting.move_off': 'calling the move off',
  'waiting.move_settled': 'waiting for the other host, which must say that it has not begun to run it',
  'waiting.move_end': 'waiting for its move, of which the other host must tell how it ended',
  'waiting.backup_turn': 'waiting for another backup of the same volume',
  'waiting.reclaiming': 'removing what no other backup needs',
  'waiting.agent_upgrade': 'waiting for its agent to become another',
  'waiting.emptying': '{count} machine(s) left on {name}',
  'waiting.cleaning_up': 'cleaning up',
  'waiting.trouble': 'something went wrong here',
} as const

export type Messages = typeof messages
export type MessageKey = keyof Messages
type ParamsIn<T extends string> = T extends `${string}{${infer P}}${infer Rest}` ? P | ParamsIn<Rest> : never
export type MessageParams<K extends MessageKey> = { readonly [P in ParamsIn<Messages[K]>]: string }

/** A message with its parameters in place. What a template does not know stays as it stands. */
export const filled = (template: string, params: Readonly<Record<string, string>>): string =>
  template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => params[name] ?? whole)

/** A message of the catalogue: its English text, and what other languages make theirs of. */
export function say<K extends MessageKey>(
  key: K,
  ...[params]: [ParamsIn<Messages[K]>] extends [never] ? [] : [MessageParams<K>]
): Said {
  const given: Readonly<Record<string, string>> = params ?? {}
  return { text: filled(messages[key], given), key, params: given }
}
