import { z } from 'zod'
import { quotaResources } from '../model/quota.ts'
import { pageOf } from './page.ts'
import { Time } from './text.ts'

const roles = ['viewer', 'operator', 'owner', 'admin'] as const

/** A project that one is a member of. */
export const Project = z.strictObject({ id: z.string(), name: z.string(), account: z.string(), role: z.enum(roles) })
export type Project = z.output<typeof Project>
export const ProjectPage = pageOf(Project)
/** 2 to 63 of a-z, 0-9 and -, the first one a letter. */
export const NewProject = z.strictObject({ name: z.string().min(2).max(63) })
export const ProjectParams = z.strictObject({ project: z.string().min(3).max(64) })
/** `limit` null: as much as there is. `memory` and `disk` in MiB; `money` in millionths of the currency, of this month. */
export const QuotaList = z.strictObject({
  items: z.array(z.strictObject({ resource: z.enum(quotaResources), limit: z.number().nullable(), used: z.number() })),
})
export type QuotaList = z.output<typeof QuotaList>
const Limit = z.number().int().min(0).nullable().optional()
/** What is not named stays as it is. */
export const SetQuota = z.strictObject({
  machines: Limit,
  vcpus: Limit,
  memory: Limit,
  volumes: Limit,
  disk: Limit,
  snapshots: Limit,
  money: Limit,
})
/** Of this session: by id. */
export const SwitchProject = z.strictObject({ project: z.string().min(3).max(64) })

export const Member = z.strictObject({ user: z.string(), email: z.string(), role: z.enum(roles), disabled: z.boolean() })
export type Member = z.output<typeof Member>
export const MemberPage = pageOf(Member)
/** By id or e-mail address. */
export const MemberParams = z.strictObject({ user: z.string().min(3).max(254) })
/** Only admins make admins. */
export const ChangeMember = z.strictObject({ role: z.enum(roles) })

export const Invitation = z.strictObject({
  id: z.string(),
  email: z.string(),
  role: z.enum(roles),
  by: z.string().nullable(),
  createdAt: Time,
  expiresAt: Time,
})
export type Invitation = z.output<typeof Invitation>
export const InvitationPage = pageOf(Invitation)
export const InvitationParams = z.strictObject({ id: z.string().min(3).max(64) })
export const NewInvitation = z.strictObject({
  email: z.string().min(3).max(254),
  role: z.enum(['viewer', 'operator', 'owner']),
})
/** The link is shown once: it holds the token. */
export const MadeInvitation = Invitation.extend({ link: z.string() })
export type MadeInvitation = z.output<typeof MadeInvitation>

export const AccessKey = z.strictObject({
  id: z.string(),
  accessKeyId: z.string(),
  user: z.string(),
  email: z.string(),
  createdAt: Time,
  /** null: until it is deleted. */
  expiresAt: Time.nullable(),
  /** To the hour; null: never. */
  lastUsedAt: Time.nullable(),
})
export type AccessKey = z.output<typeof AccessKey>
export const AccessKeyPage = pageOf(AccessKey)
export const AccessKeyParams = z.strictObject({ id: z.string().min(3).max(64) })
export const NewAccessKey = z.strictObject({
  /** How long it lives; left out, until it is deleted. */
  days: z.number().int().min(1).max(3_650).optional(),
})
/** The secret is shown once. */
export const MadeAccessKey = AccessKey.extend({ secretAccessKey: z.string() })
export type MadeAccessKey = z.output<typeof MadeAccessKey>

export const Session = z.strictObject({
  id: z.string(),
  project: z.string(),
  /** This one. */
  current: z.boolean(),
  createdAt: Time,
  expiresAt: Time,
  /** Where it was begun; null: on the machine itself, or not told. */
  address: z.string().nullable(),
  /** What the browser called itself. */
  device: z.string(),
  /** To some minutes; null: not since it began. */
  lastUsedAt: Time.nullable(),
})
export type Session = z.output<typeof Session>
export const SessionPage = pageOf(Session)
export const SessionParams = z.strictObject({ id: z.string().min(3).max(64) })

export const User = z.strictObject({ id: z.string(), email: z.string(), createdAt: Time, disabledAt: Time.nullable() })
export type User = z.output<typeof User>
export const UserPage = pageOf(User)
export const UserParams = z.strictObject({ user: z.string().min(3).max(254) })
export const ChangeUser = z.strictObject({ disabled: z.boolean() })
