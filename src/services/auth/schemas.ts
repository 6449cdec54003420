// What the sign-in service takes and gives, as schemas.
import { z } from 'zod'
import { Email, Name, Password, Role } from '../../domain/account.ts'
import { envelope, Id, line } from '../../domain/document.ts'

/** Not judged like a new one: what cannot be right is answered as wrong, within the same bound. */
const GivenPassword = z.string().min(1).max(128)

const RoleList = z.array(Role).max(10).describe('Everybody is a customer; naming it or not makes no difference.')

export const Credentials = z.strictObject({ email: Email, password: GivenPassword }).meta({ id: 'Credentials' })

export const RefreshRequest = z.strictObject({ refreshToken: z.string().min(1).max(200) }).meta({ id: 'RefreshRequest' })

export const SignOut = z
  .strictObject({ refreshToken: z.string().min(1).max(200).optional() })
  .optional()
  .meta({ id: 'SignOut' })

export const Tokens = z
  .strictObject({
    accessToken: z.string().describe('A JWT (RFC 9068) to be sent as `Authorization: Bearer …`.'),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().describe('Seconds until the access token expires.'),
    refreshToken: z.string().describe('Good once. Keep it as safe as a password.'),
  })
  .meta({ id: 'Tokens' })

export const AccountDocument = z
  .strictObject({
    ...envelope,
    name: z.string(),
    email: z.string(),
    roles: z.array(Role),
    disabled: z.boolean(),
    byline: z.string().nullable().describe('The name under which readers see the reviews; null for who never was an editor.'),
  })
  .meta({ id: 'Account' })
export type AccountDocument = z.infer<typeof AccountDocument>

export const PasswordReset = z
  .strictObject({
    token: z.string().describe('Good once, for 24 hours, and only until another one is made.'),
    link: z.string().nullable().describe('The page where the new password is chosen, if this installation has one.'),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'PasswordReset' })
export type PasswordReset = z.infer<typeof PasswordReset>

export const NewAccount = z
  .strictObject({
    name: Name,
    email: Email,
    password: Password.optional().describe('May be left out by admins: the answer then holds a one-time link to choose one.'),
    roles: RoleList.optional().describe('Given by admins only.'),
  })
  .meta({ id: 'NewAccount' })
export type NewAccount = z.infer<typeof NewAccount>

export const CreatedAccount = AccountDocument.extend({
  passwordReset: PasswordReset.nullable().describe('Where no password was given; else null.'),
}).meta({ id: 'CreatedAccount' })

export const AccountReplacement = z
  .strictObject({
    name: Name,
    email: Email,
    roles: RoleList.optional().describe('Admins must send it; anybody else may only repeat what stands.'),
    disabled: z.boolean().optional().describe('Admins must send it; anybody else may only repeat what stands.'),
  })
  .meta({ id: 'AccountReplacement' })

export const AccountPatch = z
  .strictObject({
    name: Name.optional(),
    email: Email.optional(),
    roles: RoleList.optional().describe('Admins only.'),
    disabled: z.boolean().optional().describe('Admins only.'),
    byline: line(80).optional().describe('Editors: the public name. It does not follow `name` by itself.'),
  })
  .meta({ id: 'AccountPatch' })
export type AccountPatch = z.infer<typeof AccountPatch>

export const PasswordChange = z.strictObject({ currentPassword: GivenPassword, newPassword: Password }).meta({ id: 'PasswordChange' })

export const ResetRequest = z.strictObject({ token: z.string().min(1).max(200), newPassword: Password }).meta({ id: 'ResetRequest' })

export const SessionEntry = z
  .strictObject({
    id: Id,
    current: z.boolean().describe('The one that asks.'),
    userAgent: z.string(),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().describe('When its tokens were last renewed.'),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'Session' })

export const KeySet = z
  .strictObject({
    keys: z.array(z.record(z.string(), z.unknown())).describe('JWKs (RFC 7517); the next signing key is among them a day before it signs.'),
  })
  .meta({ id: 'KeySet' })

/** Whose account: an id, or `me` for the caller’s own. */
export const Whose = z.strictObject({ id: z.union([z.literal('me'), Id]) })
