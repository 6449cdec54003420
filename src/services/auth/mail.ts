// How an e-mail address becomes a unique name: by its hash, so that no claim, counter or log holds the address itself.
import { sha256 } from './settle.ts'

export const emailHash = (email: string): string => sha256(email.toLowerCase())
export const emailClaim = (email: string): string => `email:${emailHash(email)}`
