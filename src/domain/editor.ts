// The public face of somebody who writes reviews: a byline, nothing private.
import { z } from 'zod'
import { type Envelope, line } from './document.ts'
import { Slug } from './slug.ts'

export const EditorFields = z.strictObject({
  byline: line(80),
  slug: Slug,
})
export type EditorFields = z.infer<typeof EditorFields>

/** The id is that of the account. */
export type Editor = EditorFields & Envelope

/** What stands in place of the name of an editor who asked to be forgotten. */
export const erasedByline = 'Former editor'

/** Its address: by the random end of the id, which says nothing of the person. */
export const erasedSlug = (id: string): string => `former-editor-${id.slice(-12)}`
