// An account and its sessions: private documents, never in the log, erasable.
import { z } from 'zod'
import { type Envelope, line } from './document.ts'

export const roles = ['customer', 'editor', 'admin'] as const
export const Role = z.enum(roles)
export type Role = z.infer<typeof Role>

/** Compared in lower case; at most 254 characters (RFC 5321). */
export const Email = z.email().max(254).toLowerCase()

/** 10 to 128 bytes of UTF-8; the bound comes before the hash, which costs more with length. */
export const Password = z
  .string()
  .min(10)
  .refine((password) => new TextEncoder().encode(password).length <= 128, { message: 'At most 128 bytes.' })

export const Name = line(80)

export interface Account extends Envelope {
  name: string
  email: string
  /** Each at most once, in the order of `roles`. Everybody is a customer. */
  roles: Role[]
  disabled: boolean
  /** PHC string of argon2id. Null: nobody can sign in with a password (reset link not yet used). */
  passwordHash: string | null
  /** The public `editor` document still has to be written: set with the role, cleared with that change. */
  bylinePending: boolean
  /** Steps with each new password and each disabling: sessions of an earlier one are dead, in the same commit, wherever they are. */
  credentials: number
}

/** One sign-in and all its refreshed tokens (a family). */
export interface Session extends Envelope {
  accountId: string
  /** `credentials` of the account when this session was proven. */
  credentials: number
  /** SHA-256, hex, of the only refresh token that is good now. */
  refreshHash: string
  /** SHA-256 of the tokens already exchanged, newest last, at most 20: one of them coming back revokes the family. */
  spentHashes: string[]
  /** What the client said of itself, for the list that its owner sees. */
  userAgent: string
  lastUsedAt: string
  expiresAt: string
}

/** Each once, in the order of `roles`; everybody is a customer. */
export const rolesOf = (given: readonly Role[]): Role[] => roles.filter((role) => role === 'customer' || given.includes(role))

/** One of those who keep the place going: at least one of them stays. */
export const isActiveAdmin = (account: Pick<Account, 'roles' | 'disabled'>): boolean => account.roles.includes('admin') && !account.disabled
