// Lists that go by cursor, as connections: the same cursors as in every other protocol.
import {
  GraphQLBoolean,
  type GraphQLFieldConfigMap,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
  getNamedType,
  isOutputType,
} from 'graphql'
import type { Shape, Shapes } from './shapes.ts'
import type { Types } from './types.ts'

export interface PageShape {
  entry: Shape
  metadata: Shape
}

/** The parts of an answer that is a page, null for any other. */
export function pageShapeOf(shapes: Shapes, output: Shape): PageShape | null {
  const { properties } = shapes.resolve(output).shape
  const entry = properties?.data?.items
  const metadata = properties?.metadata
  return entry === undefined || metadata?.properties?.nextCursor === undefined ? null : { entry, metadata }
}

/** How the arguments of a page are called elsewhere. */
export const pageArguments: Readonly<Record<string, string>> = { limit: 'first', cursor: 'after' }

const PageInfo = new GraphQLObjectType({
  name: 'PageInfo',
  fields: {
    hasNextPage: { type: new GraphQLNonNull(GraphQLBoolean) },
    hasPreviousPage: { type: new GraphQLNonNull(GraphQLBoolean) },
    startCursor: { type: GraphQLString, description: 'Always null: pages go forward.' },
    endCursor: { type: GraphQLString, description: 'For `after` of the next page; null on the last.' },
  },
})

export function connectionType(types: Types, { entry, metadata }: PageShape): GraphQLObjectType {
  const node = types.output(entry, 'Page', 'entry')
  const { name } = getNamedType(node)
  const edge = new GraphQLObjectType({
    name: `${name}Edge`,
    fields: {
      node: { type: node },
      cursor: { type: GraphQLString, description: 'On the last edge of a page that has a next one; null on all others.' },
    },
  })
  const { limit: _limit, nextCursor: _nextCursor, ...more } = metadata.properties ?? {}
  const extras: GraphQLFieldConfigMap<unknown, unknown> = {}
  for (const [key, shape] of Object.entries(more)) {
    const type = types.output(shape, `${name}Connection`, key)
    if (isOutputType(type)) extras[key] = { type, ...(shape.description !== undefined && { description: shape.description }) }
  }
  const listOf = (type: typeof node) => new GraphQLNonNull(new GraphQLList(type))
  return new GraphQLObjectType({
    name: `${name}Connection`,
    fields: {
      nodes: { type: listOf(node) },
      edges: { type: listOf(new GraphQLNonNull(edge)) },
      pageInfo: { type: new GraphQLNonNull(PageInfo) },
      ...extras,
    },
  })
}

interface PageBody {
  data: readonly unknown[]
  metadata: { limit: number; nextCursor: string | null }
}

export function connectionOf(body: PageBody, hasPreviousPage: boolean) {
  const { data: nodes, metadata } = body
  const { limit: _limit, nextCursor: endCursor, ...extras } = metadata
  return {
    ...extras,
    nodes,
    edges: () => nodes.map((node, at) => ({ node, cursor: at === nodes.length - 1 ? endCursor : null })),
    pageInfo: { hasNextPage: endCursor !== null, hasPreviousPage, startCursor: null, endCursor },
  }
}
