import type { HostAccepted, MaintenancePlan } from '@sirocco/shared/api/hosts.ts'
import type {
  ConsoleLog,
  Console as ConsoleTicket,
  Guest,
  Launched,
  Screenshot,
  Screen as ScreenTicket,
} from '@sirocco/shared/api/machines.ts'
import type { FenceWay } from '@sirocco/shared/model/hosts/power.ts'
import type { MachineVerb } from '@sirocco/shared/model/machines/states.ts'
import type { z } from 'zod'
import { type Ask, request } from './request.ts'
import type {
  Accepted,
  AcceptedBackup,
  AcceptedMoment,
  AcceptedSnapshot,
  AcceptedVolume,
  AccessKey,
  AdoptOrphan,
  Backup,
  CatalogueImage,
  ChangeHost,
  FeedEvent,
  Flavor,
  Host,
  Image,
  ImageUpload,
  Invitation,
  KeyPair,
  Launch,
  Machine,
  MadeAccessKey,
  MadeEnrolToken,
  MadeInvitation,
  MadeKeyPair,
  Me,
  Member,
  Network,
  NewCapture,
  NewImage,
  NewNetwork,
  NewPool,
  NewSecondFactor,
  NewVolume,
  Operation,
  OperationAsked,
  Orphan,
  Page,
  Passkey,
  PasskeyOptions,
  PlacementGroup,
  Pool,
  PoolDetail,
  Price,
  PriceTable,
  Project,
  ProjectUsage,
  QuotaList,
  RecoveryCodes,
  Region,
  SecondFactor,
  SecurityGroup,
  SecurityRule,
  Session,
  SignIn,
  SignInAnswer,
  Snapshot,
  Usage,
  Volume,
} from './types.ts'

/** Rows of one page at most; the API's own limit. */
const pageMax = 1_000

const at = (id: string): string => encodeURIComponent(id)

/** All pages of a list, up to `most` rows. */
async function every<T>(path: string, most: number, ask: Ask = {}): Promise<{ items: T[]; more: boolean }> {
  const items: T[] = []
  let cursor: string | null = null
  do {
    const page: Page<T> = await request<Page<T>>(path, {
      ...ask,
      query: { ...ask.query, limit: Math.min(most, pageMax), cursor },
    })
    items.push(...page.items)
    cursor = page.next
  } while (cursor !== null && items.length < most)
  return { items, more: cursor !== null }
}

/** Of a rule what is asked for; the other end is a range, or a group by id. */
type NewRule = Pick<SecurityRule, 'direction' | 'protocol' | 'from' | 'to'> & {
  readonly cidr?: string
  readonly group?: string
}

/** The native API, one function a call. */
export const calls = {
  me: () => request<Me>('/sessions'),
  signIn: (body: SignIn) => request<SignInAnswer>('/sessions', { method: 'POST', body }),
  secondFactor: () => request<SecondFactor>('/second-factor'),
  beginSecondFactor: () => request<NewSecondFactor>('/second-factor', { method: 'POST', body: {} }),
  confirmSecondFactor: (code: string) => request<RecoveryCodes>('/second-factor/confirm', { method: 'POST', body: { code } }),
  renewRecoveryCodes: () => request<RecoveryCodes>('/second-factor/recovery-codes', { method: 'POST', body: {} }),
  removeSecondFactor: () => request<null>('/second-factor', { method: 'DELETE' }),
  changePassword: (body: { old?: string; new: string }) => request<null>('/password', { method: 'PUT', body }),
  askPasskey: () => request<PasskeyOptions>('/sessions/passkey', { method: 'POST' }),
  passkeys: () => request<Page<Passkey>>('/passkeys'),
  beginPasskey: () => request<PasskeyOptions>('/passkeys/begin', { method: 'POST' }),
  addPasskey: (body: { name: string; response: unknown }) => request<Passkey>('/passkeys', { method: 'POST', body }),
  renamePasskey: (id: string, name: string) => request<Passkey>(`/passkeys/${at(id)}`, { method: 'PATCH', body: { name } }),
  removePasskey: (id: string) => request<null>(`/passkeys/${at(id)}`, { method: 'DELETE' }),
  signOut: () => request<null>('/sessions', { method: 'DELETE' }),

  machines: (most: number) => every<Machine>('/machines', most),
  /** Just these; those that are not there are left out. At most `limits.page`. */
  machinesOf: (ids: readonly string[]) => request<Page<Machine>>('/machines', { query: { id: ids } }),
  machine: (id: string) => request<Machine>(`/machines/${at(id)}`),
  launch: (body: Launch, token: string) => request<z.output<typeof Launched>>('/machines', { method: 'POST', body, token }),
  act: (verb: MachineVerb, id: string, force: boolean, token: string) =>
    verb === 'delete'
      ? request<Accepted>(`/machines/${at(id)}`, { method: 'DELETE', token })
      : request<Accepted>(`/machines/${at(id)}/${verb}`, { method: 'POST', token, body: verb === 'stop' ? { force } : {} }),
  rename: (id: string, name: string, token: string) =>
    request<Machine>(`/machines/${at(id)}/rename`, { method: 'POST', token, body: { name } }),
  resize: (id: string, flavor: string, token: string) =>
    request<Machine>(`/machines/${at(id)}/resize`, { method: 'POST', token, body: { flavor } }),
  rebuild: (id: string, image: string, token: string) =>
    request<Accepted>(`/machines/${at(id)}/rebuild`, { method: 'POST', token, body: { image } }),
  rescue: (id: string, body: { image?: string }, token: string) =>
    request<Accepted>(`/machines/${at(id)}/rescue`, { method: 'POST', token, body }),
  unrescue: (id: string, token: string) => request<Accepted>(`/machines/${at(id)}/unrescue`, { method: 'POST', token }),
  protect: (id: string, wanted: boolean, token: string) =>
    request<Machine>(`/machines/${at(id)}/protection`, { method: 'PUT', token, body: { protected: wanted } }),
  console: (id: string) => request<z.output<typeof ConsoleTicket>>(`/machines/${at(id)}/console`, { method: 'POST', body: {} }),
  screen: (id: string) => request<z.output<typeof ScreenTicket>>(`/machines/${at(id)}/screen`, { method: 'POST', body: {} }),
  consoleLog: (id: string) => request<z.output<typeof ConsoleLog>>(`/machines/${at(id)}/console-log`),
  guest: (id: string) => request<Guest>(`/machines/${at(id)}/guest`),
  screenshot: (id: string) => request<z.output<typeof Screenshot>>(`/machines/${at(id)}/screenshot`),
  operations: (subject: string) => request<Page<Operation>>('/operations', { query: { subject, limit: 100 } }),
  askOperation: (which: 'retry' | 'cancel' | 'goOn' | 'fail', id: string, token: string) =>
    which === 'retry' || which === 'cancel'
      ? request<OperationAsked>(`/operations/${at(id)}/${which}`, { method: 'POST', token, body: {} })
      : request<OperationAsked>(`/operations/${at(id)}/resolve`, {
          method: 'POST',
          token,
          body: { how: which === 'fail' ? 'fail' : 'retry' },
        }),
  events: (subject: string) => request<{ items: FeedEvent[] }>('/events', { query: { subject, limit: pageMax } }),

  usage: (of: 'machines' | 'hosts', id: string, ms: number) =>
    request<Usage>(`/${of}/${at(id)}/samples`, { query: { from: new Date(Date.now() - ms).toISOString() } }),

  images: () => every<Image>('/images', pageMax),
  addImage: (body: NewImage) => request<{ id: string }>('/images', { method: 'POST', body }),
  captureImage: (body: NewCapture) => request<{ id: string }>('/images/capture', { method: 'POST', body }),
  imageCatalogue: () => request<{ items: CatalogueImage[] }>('/image-catalogue'),
  imageUpload: (id: string) => request<ImageUpload>(`/images/${at(id)}/upload`),
  putImagePart: (id: string, n: number, bytes: Blob, signal: AbortSignal) =>
    request<null>(`/images/${at(id)}/upload/${n}`, { method: 'PUT', bytes, signal }),
  finishUpload: (id: string) => request<{ id: string }>(`/images/${at(id)}/upload`, { method: 'POST', body: {} }),
  shareImage: (id: string, body: { visibility: Image['visibility']; projects?: string[] }) =>
    request<null>(`/images/${at(id)}/sharing`, { method: 'PUT', body }),
  imageShares: (id: string) => request<{ items: { id: string; account: string; name: string }[] }>(`/images/${at(id)}/sharing`),
  deprecateImage: (id: string, deprecated: boolean) =>
    request<null>(`/images/${at(id)}/deprecation`, { method: 'PUT', body: { deprecated } }),
  markImageForRescue: (id: string, forRescue: boolean) =>
    request<null>(`/images/${at(id)}/rescue`, { method: 'PUT', body: { forRescue } }),
  deleteImage: (id: string) => request<unknown>(`/images/${at(id)}`, { method: 'DELETE' }),
  flavors: () => request<Page<Flavor>>('/flavors'),
  keyPairs: () => every<KeyPair>('/key-pairs', pageMax),
  addKeyPair: (body: { name: string; publicKey?: string; type?: 'ed25519' | 'rsa' }) =>
    request<MadeKeyPair>('/key-pairs', { method: 'POST', body }),
  deleteKeyPair: (name: string) => request<null>(`/key-pairs/${at(name)}`, { method: 'DELETE' }),
  securityGroups: () => every<SecurityGroup>('/security-groups', pageMax),
  addSecurityGroup: (body: { name: string; description: string }) =>
    request<SecurityGroup>('/security-groups', { method: 'POST', body }),
  deleteSecurityGroup: (id: string) => request<null>(`/security-groups/${at(id)}`, { method: 'DELETE' }),
  addRule: (id: string, rule: NewRule) =>
    request<SecurityGroup>(`/security-groups/${at(id)}/rules`, { method: 'POST', body: { rules: [rule] } }),
  removeRule: (id: string, rule: string) =>
    request<SecurityGroup>(`/security-groups/${at(id)}/rules/revoke`, { method: 'POST', body: { ids: [rule] } }),
  setGroups: (machine: string, groups: readonly string[]) =>
    request<Machine>(`/machines/${at(machine)}/security-groups`, { method: 'PUT', body: { groups } }),
  placementGroups: () => every<PlacementGroup>('/placement-groups', pageMax),
  addPlacementGroup: (body: { name: string; policy: PlacementGroup['policy']; strict: boolean }) =>
    request<PlacementGroup>('/placement-groups', { method: 'POST', body }),
  deletePlacementGroup: (name: string) => request<null>(`/placement-groups/${at(name)}`, { method: 'DELETE' }),
  regions: () => request<Page<Region>>('/regions'),
  networks: () => every<Network>('/networks', pageMax),
  addNetwork: (body: NewNetwork) => request<Network>('/networks', { method: 'POST', body }),
  deleteNetwork: (id: string) => request<null>(`/networks/${at(id)}`, { method: 'DELETE' }),
  pools: () => request<Page<Pool>>('/pools'),
  addPool: (body: NewPool) => request<PoolDetail>('/pools', { method: 'POST', body }),
  preferPool: (id: string) => request<PoolDetail>(`/pools/${at(id)}`, { method: 'PATCH', body: { isDefault: true } }),
  deletePool: (id: string) => request<null>(`/pools/${at(id)}`, { method: 'DELETE' }),
  projects: () => every<Project>('/projects', pageMax),
  switchProject: (project: string) => request<Me>('/sessions', { method: 'PUT', body: { project } }),
  members: () => every<Member>('/members', pageMax),
  changeMember: (user: string, role: Member['role']) =>
    request<Member>(`/members/${at(user)}`, { method: 'PATCH', body: { role } }),
  removeMember: (user: string) => request<null>(`/members/${at(user)}`, { method: 'DELETE' }),
  invitations: () => every<Invitation>('/invitations', pageMax),
  invite: (body: { email: string; role: 'viewer' | 'operator' | 'owner' }) =>
    request<MadeInvitation>('/invitations', { method: 'POST', body }),
  withdrawInvitation: (id: string) => request<null>(`/invitations/${at(id)}`, { method: 'DELETE' }),
  spending: (query: { from: string; to?: string }) => request<ProjectUsage>('/usage', { query }),
  setBudget: (micros: number | null) => request<null>('/budget', { method: 'PUT', body: { micros } }),
  prices: () => request<PriceTable>('/prices'),
  addPrice: (body: Pick<Price, 'kind' | 'what' | 'micros' | 'from'>) => request<Price>('/prices', { method: 'POST', body }),
  deletePrice: (id: string) => request<null>(`/prices/${at(id)}`, { method: 'DELETE' }),
  setCurrency: (currency: string) => request<null>('/currency', { method: 'PUT', body: { currency } }),
  quota: (project: string) => request<QuotaList>(`/projects/${at(project)}/quota`),
  setQuota: (project: string, body: Readonly<Record<string, number | null>>) =>
    request<null>(`/projects/${at(project)}/quota`, { method: 'PATCH', body }),
  accessKeys: () => every<AccessKey>('/access-keys', pageMax),
  makeAccessKey: (body: { days?: number }) => request<MadeAccessKey>('/access-keys', { method: 'POST', body }),
  revokeAccessKey: (id: string) => request<null>(`/access-keys/${at(id)}`, { method: 'DELETE' }),
  signIns: () => every<Session>('/sign-ins', pageMax),
  endSignIn: (id: string) => request<null>(`/sign-ins/${at(id)}`, { method: 'DELETE' }),
  volumes: () => every<Volume>('/volumes', pageMax),
  createVolume: (body: NewVolume) => request<AcceptedVolume>('/volumes', { method: 'POST', body }),
  changeVolume: (deed: 'attach' | 'detach' | 'grow' | 'revert', id: string, body: object) =>
    request<AcceptedVolume>(`/volumes/${at(id)}/${deed}`, { method: 'POST', body }),
  deleteVolume: (id: string) => request<AcceptedVolume>(`/volumes/${at(id)}`, { method: 'DELETE' }),
  snapshots: () => every<Snapshot>('/snapshots', pageMax),
  createSnapshot: (body: { volume: string; name?: string }) => request<AcceptedSnapshot>('/snapshots', { method: 'POST', body }),
  snapshotMachine: (id: string, token: string) =>
    request<AcceptedMoment>(`/machines/${at(id)}/snapshot`, { method: 'POST', token, body: {} }),
  revertMachine: (id: string, snapshot: string) =>
    request<Accepted>(`/machines/${at(id)}/revert`, { method: 'POST', body: { snapshot } }),
  deleteSnapshot: (id: string) => request<AcceptedSnapshot>(`/snapshots/${at(id)}`, { method: 'DELETE' }),
  backups: () => every<Backup>('/backups', pageMax),
  createBackup: (body: { volume: string; name?: string }) => request<AcceptedBackup>('/backups', { method: 'POST', body }),
  deleteBackup: (id: string) => request<AcceptedBackup>(`/backups/${at(id)}`, { method: 'DELETE' }),
  hosts: () => every<Host>('/hosts', pageMax),
  changeHost: (id: string, body: ChangeHost) => request<Host>(`/hosts/${at(id)}`, { method: 'PATCH', body }),
  makeEnrolToken: (roles: MadeEnrolToken['roles']) =>
    request<MadeEnrolToken>('/enrol-tokens', { method: 'POST', body: { roles } }),
  fenceHost: (id: string, how: FenceWay, confirm: string, token: string) =>
    request<unknown>(`/hosts/${at(id)}/fence`, { method: 'POST', token, body: how === 'word' ? { how, confirm } : { how } }),
  upgradeHost: (id: string, token: string) => request<HostAccepted>(`/hosts/${at(id)}/upgrade`, { method: 'POST', token }),
  upgradeHosts: (token: string) => request<unknown>('/hosts/upgrade', { method: 'POST', token }),
  orphans: (host: string) => every<Orphan>(`/hosts/${at(host)}/orphans`, pageMax),
  adoptOrphan: (host: string, orphan: string, body: AdoptOrphan, token: string) =>
    request<unknown>(`/hosts/${at(host)}/orphans/${at(orphan)}/adopt`, { method: 'POST', token, body }),
  removeOrphan: (host: string, orphan: string, confirm: string, token: string) =>
    request<unknown>(`/hosts/${at(host)}/orphans/${at(orphan)}/remove`, { method: 'POST', token, body: { confirm } }),
  removeHost: (id: string, token: string) => request<null>(`/hosts/${at(id)}`, { method: 'DELETE', token }),
  maintenancePlan: (host: string) => request<MaintenancePlan>(`/hosts/${at(host)}/maintenance`),
  maintain: (host: string, stopRest: boolean, token: string) =>
    request<HostAccepted>(`/hosts/${at(host)}/maintain`, { method: 'POST', body: { stopRest }, token }),
  returnHost: (host: string, token: string) => request<HostAccepted>(`/hosts/${at(host)}/return`, { method: 'POST', token }),
}
