// The first data of `data/`, as the services take them: cameras, lenses, desks and demo reviews; what the shop sells.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { FirstData, FirstShop } from '../system/alone.ts'

const folder = fileURLToPath(new URL('../../data/', import.meta.url))

const json = async (name: string) => JSON.parse(await readFile(`${folder}${name}.json`, 'utf8'))

export async function readFirstShop(): Promise<FirstShop> {
  const [categories, products] = await Promise.all([json('shop/categories'), json('shop/products')])
  return { categories, products }
}

export async function readFirstData(): Promise<FirstData> {
  const [cameras, lenses, desks, reviews] = await Promise.all(['cameras', 'lenses', 'desks', 'reviews'].map(json))
  const bodies = await Promise.all(reviews.map(({ slug }: { slug: string }) => readFile(`${folder}reviews/${slug}.md`, 'utf8')))
  return {
    editors: desks,
    cameras: cameras.map(({ camera }: { camera: unknown }) => camera),
    lenses: lenses.map(({ lens }: { lens: unknown }) => lens),
    reviews: reviews.map((review: object, at: number) => ({ ...review, body: bodies[at] })),
  }
}
