// The first data of `data/`: cameras, lenses, desks and demo reviews, as the write service takes them.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { FirstData } from '../system.ts'

const folder = fileURLToPath(new URL('../../data/', import.meta.url))

export async function readFirstData(): Promise<FirstData> {
  const json = async (name: string) => JSON.parse(await readFile(`${folder}${name}.json`, 'utf8'))
  const [cameras, lenses, desks, reviews] = await Promise.all(['cameras', 'lenses', 'desks', 'reviews'].map(json))
  const bodies = await Promise.all(reviews.map(({ slug }: { slug: string }) => readFile(`${folder}reviews/${slug}.md`, 'utf8')))
  return {
    editors: desks,
    cameras: cameras.map(({ camera }: { camera: unknown }) => camera),
    lenses: lenses.map(({ lens }: { lens: unknown }) => lens),
    reviews: reviews.map((review: object, at: number) => ({ ...review, body: bodies[at] })),
  }
}
