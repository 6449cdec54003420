// The XML files of a lensfun database, read within bounds: what is no such file is refused by its name.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { z } from 'zod'
import { Refusal } from '../kit/refusal.ts'
import type { LensfunEntry } from '../system/alone.ts'

// The database of 2022 has 56 files, the largest of 0.6 MiB, 3.6 MiB together.
const mostFiles = 1000
const mostFileBytes = 8 * 1024 * 1024
const mostBytes = 64 * 1024 * 1024

/** In the order of the files' names. After the signal it is not complete. */
export async function readLensfunFolder(folder: string, signal: AbortSignal): Promise<LensfunEntry[]> {
  const names = await readdir(folder).catch((cause) => {
    throw new Refusal('invalid', `${folder} cannot be read as a folder.`, { cause })
  })
  const files = names.filter((name) => name.endsWith('.xml')).sort()
  if (files.length > mostFiles) throw new Refusal('too-large', `${folder} has more than ${mostFiles} XML files.`)
  const entries: LensfunEntry[] = []
  let bytes = 0
  for (const file of files) {
    if (signal.aborted) return entries
    const content = await readBounded(folder, file)
    bytes += content.length
    if (bytes > mostBytes) throw new Refusal('too-large', `The XML files of ${folder} have more than ${mostBytes >> 20} MiB.`)
    entries.push(...entriesOf(file, content))
  }
  if (entries.length > 0) return entries
  throw new Refusal('invalid', `${folder} holds no lensfun database: no XML file there names a camera or a lens.`)
}

async function readBounded(folder: string, file: string): Promise<Buffer> {
  const path = join(folder, file)
  try {
    const found = await stat(path)
    if (!found.isFile()) throw new Refusal('invalid', `${file} is no file.`)
    if (found.size > mostFileBytes) throw new Refusal('too-large', `${file} has more than ${mostFileBytes >> 20} MiB.`)
    return await readFile(path)
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal('invalid', `${file} cannot be read.`, { cause: error })
  }
}

const lists = new Set(['camera', 'lens', 'maker', 'model', 'mount', 'cropfactor'])
// Numbers stay texts: a model may look like one.
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  textNodeName: 'text',
  parseTagValue: false,
  isArray: (name) => lists.has(name),
  ignorePiTags: true,
  maxNestedTags: 32,
})

/** The parser alone takes much that is no XML, and expands entities that a file defines: neither is needed here. */
function parsed(file: string, content: Buffer): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch (cause) {
    throw new Refusal('invalid', `${file} is not UTF-8.`, { cause })
  }
  if (text.includes('<!ENTITY')) throw new Refusal('invalid', `${file} defines entities, which no lensfun file does: it is not read.`)
  const outcome = XMLValidator.validate(text)
  if (outcome !== true) throw new Refusal('invalid', `${file} is no well-formed XML: line ${outcome.err.line}: ${outcome.err.msg}`)
  try {
    return parser.parse(text)
  } catch (cause) {
    throw new Refusal('invalid', `${file} is no XML that can be read.`, { cause })
  }
}

const Text = z.union([
  z.string().transform((text) => ({ text, lang: undefined })),
  z.looseObject({ text: z.string(), lang: z.string().optional() }),
])
const Entry = z.looseObject({
  maker: z.array(Text),
  model: z.array(Text),
  mount: z.array(Text).default([]),
  cropfactor: z.array(Text).default([]),
})
const Database = z.looseObject({
  lensdatabase: z.looseObject({ camera: z.array(z.unknown()).default([]), lens: z.array(z.unknown()).default([]) }),
})

/** None of a file that is no lensfun database, as of an entry without maker or model. */
function entriesOf(file: string, content: Buffer): LensfunEntry[] {
  const database = Database.safeParse(parsed(file, content))
  if (!database.success) return []
  const { camera, lens } = database.data.lensdatabase
  const read = (kind: LensfunEntry['kind']) => (entry: unknown) => {
    const { data } = Entry.safeParse(entry)
    return data === undefined ? [] : [{ kind, file, ...factsOf(data) }]
  }
  return [...camera.flatMap(read('camera')), ...lens.flatMap(read('lens'))]
}

function factsOf({ maker, model, mount, cropfactor }: z.output<typeof Entry>) {
  const crop = Number(cropfactor[0]?.text)
  return {
    maker: english(maker),
    model: english(model),
    mounts: mount.map(({ text }) => text),
    crop: Number.isFinite(crop) ? crop : null,
  }
}

const english = (texts: readonly z.output<typeof Text>[]): string =>
  (texts.find(({ lang }) => lang === 'en') ?? texts.find(({ lang }) => lang === undefined) ?? texts[0])?.text ?? ''
