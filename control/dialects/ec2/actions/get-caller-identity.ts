import { action } from '../action.ts'

/** GetCallerIdentity of STS: who holds the key. Any key may ask, as at AWS. */
export const GetCallerIdentity = action({ right: null, noun: 'instance', parameters: {} }, async ({ principal }) => ({
  Arn: `arn:aws:iam::${principal.account}:user/${principal.email}`,
  UserId: principal.user,
  Account: principal.account,
}))
