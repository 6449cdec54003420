import { describe, expect, test } from 'bun:test'
import { highlighted, type Piece } from './content-highlights.ts'

const filler = 'una tarde larga con luz pareja y poca gente '.repeat(20)

/** Hits in brackets. */
const shown = (pieces: readonly Piece[]) => pieces.map(({ text, hit }) => (hit ? `[${text}]` : text)).join('')

function highlights(texts: Partial<Record<'title' | 'summary' | 'verdict' | 'body' | 'language', string>>, ...words: string[]) {
  const card = { id: 'x', title: '', summary: '', verdict: '', body: '', language: 'es', ...texts }
  const wanted = words.map((word, place) => ['es', word, place])
  const [found] = JSON.parse(highlighted(JSON.stringify([card]), JSON.stringify(wanted)))
  expect(found).toEqual({
    id: 'x',
    title: card.title,
    summary: card.summary,
    verdict: card.verdict,
    language: card.language,
    highlights: expect.anything(),
  })
  return { title: shown(found.highlights.title), text: shown(found.highlights.text) }
}

describe('an extract', () => {
  test('marks whole words in letters of either case, with accents in one code or two, and nothing that only begins so', () => {
    const { title, text } = highlights({ title: 'Valor: VALE', body: 'Câmara, cámara. Ca\u0301mara, cámaras.' }, 'vale', 'cámara')
    expect(title).toBe('Valor: [VALE]')
    expect(text).toBe('Câmara, [cámara]. [Cámara], cámaras.')
  })

  test('is all of a short text, and the beginning of a long one that has no hit', () => {
    expect(highlights({ summary: 'Sobria.', verdict: 'Comprar.', body: 'Poco más.' }).text).toBe('Sobria. — Comprar. — Poco más.')
    const { text } = highlights({ body: filler }, 'quokka')
    expect(filler.startsWith(`${text} `)).toBe(true)
    expect(text.length).toBeGreaterThan(140)
  })

  test('shows the place with the most of what was asked, side by side before scattered', () => {
    const body = `El foco es rápido. ${filler} Lento, y rápido es también el foco. ${filler} El foco rápido gusta. ${filler}`
    expect(highlights({ body }, 'foco', 'rápido').text).toContain('El [foco] [rápido] gusta.')
    expect(highlights({ body }, 'lento', 'foco').text).toContain('[Lento], y rápido es también el [foco].')
  })

  test('shows a second place where the first lacks a word, in the order of the text, and one where both meet', () => {
    const far = highlights({ body: `${filler}Zurita vale. ${filler}El quokka duerme. ${filler}` }, 'quokka', 'zurita').text
    expect(far).toMatch(/\[Zurita\] vale\. .* … .*El \[quokka\] duerme/)
    const near = highlights({ body: `${filler}Zurita vale. ${filler.slice(0, 130)} El quokka duerme. ${filler}` }, 'quokka', 'zurita').text
    expect(near).toMatch(/\[Zurita\] vale\. [^…]*El \[quokka\] duerme/)
  })

  test('is bounded where a text has no spaces, and cuts no character', () => {
    const { text } = highlights({ body: `${'x'.repeat(500)}-foco-${'y'.repeat(500)}` }, 'foco')
    expect(text).toStartWith('[foco]-yyy')
    expect(text.length).toBeLessThan(200)
    for (const before of ['', 'x']) expect(highlights({ body: `${before}${'📷'.repeat(500)}` }, 'foco').text.isWellFormed()).toBe(true)
  })

  test('takes markup and marks of control for what they are: text', () => {
    expect(highlights({ body: '<b>foco</b> \u0001\u0002 "foco"' }, 'foco').text).toBe('<b>[foco]</b> \u0001\u0002 "[foco]"')
  })

  test('has no hits of another language', () => {
    expect(highlights({ body: 'El foco.', language: 'pt' }, 'foco').text).toBe('El foco.')
  })
})
