import { expect, test } from 'bun:test'
import { labelled } from './labelled.ts'

const page = (hits: number) => `# HELP hits_total Hits.
# TYPE hits_total counter
hits_total{outcome="hit"} ${hits}

# HELP lag_seconds Lag.
# TYPE lag_seconds gauge
lag_seconds 0.5
`

test('families of several processes stand together under one heading, each sample with its process', () => {
  expect(labelled('worker', { 0: page(3), 1: page(4) })).toBe(`# HELP hits_total Hits.
# TYPE hits_total counter
hits_total{worker="0",outcome="hit"} 3
hits_total{worker="1",outcome="hit"} 4

# HELP lag_seconds Lag.
# TYPE lag_seconds gauge
lag_seconds{worker="0"} 0.5
lag_seconds{worker="1"} 0.5
`)
})
