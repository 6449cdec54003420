import { expect, test } from 'bun:test'
import { clientAddresses, fromClient, networkOf, readNetworks } from './client-address.ts'

const behind = (...networks: string[]) => clientAddresses(networks.length === 0 ? [] : readNetworks(networks.join(',')))

test('without trusted proxies the peer is the client, whatever it says', () => {
  const addressOf = behind()
  expect(addressOf('203.0.113.9', '198.51.100.1')).toBe('203.0.113.9')
  expect(addressOf('::ffff:203.0.113.9', null)).toBe('203.0.113.9')
  expect(addressOf('', '198.51.100.1')).toBe('')
})

test('a header is believed from the right, as far as its writers are trusted', () => {
  const addressOf = behind('10.0.0.0/8', '192.0.2.7', 'fd00::/8')
  // A stranger who speaks to us directly is not believed.
  expect(addressOf('203.0.113.9', '198.51.100.1')).toBe('203.0.113.9')
  expect(addressOf('10.1.1.1', '198.51.100.1')).toBe('198.51.100.1')
  // What the client wrote itself stands further left.
  expect(addressOf('10.1.1.1', '127.0.0.1, 6.6.6.6, 198.51.100.1')).toBe('198.51.100.1')
  expect(addressOf('10.1.1.1', '6.6.6.6,198.51.100.1,192.0.2.7,10.9.9.9')).toBe('198.51.100.1')
  expect(addressOf('fd00::1', '2001:db8::5, fd12::2')).toBe('2001:db8::5')
  expect(addressOf('::ffff:10.1.1.1', '198.51.100.1')).toBe('198.51.100.1')
  // Nobody but proxies: the one that is furthest away.
  expect(addressOf('10.1.1.1', '10.2.2.2, 10.3.3.3')).toBe('10.2.2.2')
  expect(addressOf('10.1.1.1', null)).toBe('10.1.1.1')
})

test('addresses with ports, brackets, zones and in capitals are the same addresses; nonsense ends the reading', () => {
  const addressOf = behind('10.0.0.0/8')
  for (const [written, meant] of [
    ['198.51.100.1:4711', '198.51.100.1'],
    ['[2001:DB8::5]:443', '2001:db8::5'],
    ['[2001:db8::5]', '2001:db8::5'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::FFFF:198.51.100.1', '198.51.100.1'],
    ['::ffff:c633:6401', '198.51.100.1'],
    ['0:0:0:0:0:ffff:198.51.100.1', '198.51.100.1'],
  ] as const)
    expect([written, addressOf('10.1.1.1', written)]).toEqual([written, meant])
  for (const nonsense of ['unknown', '_hidden', '198.51.100', '1.2.3.4.5', '::1::', '198.51.100.1 x', '', ',', '"198.51.100.1"'])
    expect([nonsense, addressOf('10.1.1.1', `6.6.6.6, ${nonsense}`)]).toEqual([nonsense, '10.1.1.1'])
  expect(addressOf('10.1.1.1', `${'6.6.6.6,'.repeat(2000)}198.51.100.1`)).toBe('198.51.100.1')
})

test('of IPv6 the /64 counts as one, of IPv4 each address', () => {
  expect(networkOf('2001:db8:1:2::3')).toBe(networkOf('2001:db8:1:2:ffff::1'))
  expect(networkOf('2001:db8:1:2::3')).not.toBe(networkOf('2001:db8:1:3::3'))
  expect(networkOf('::1')).toBe(networkOf('0:0:0:0:0:0:0:2'))
  expect(networkOf('198.51.100.1')).not.toBe(networkOf('198.51.100.2'))
  expect(networkOf('')).toBe('')
})

test('a handler learns the client from the request, and only when it asks', () => {
  let looked = 0
  const peer = {
    get address() {
      looked += 1
      return '10.1.1.1'
    },
  }
  const handler = fromClient(behind('10.0.0.0/8'), (_request, received) => received)
  const received = handler(new Request('http://localhost/', { headers: { 'x-forwarded-for': '198.51.100.1' } }), peer)
  expect(looked).toBe(0)
  expect(received.address).toBe('198.51.100.1')
})

test('a faulty list of networks names the fix, and nobody trusts everybody by it', () => {
  for (const faulty of ['', '10.0.0.0/33', 'fd00::/129', '10.0.0/8', 'proxy.example', '10.0.0.1:80', '10.0.0.0/8;fd00::/8', '10.0.0.0/-1'])
    expect(() => readNetworks(faulty)).toThrow('must be addresses or networks')
  for (const everybody of ['0.0.0.0/0', '::/0']) expect(() => readNetworks(everybody)).toThrow('trust everybody')
  expect(readNetworks('10.0.0.0/8, fd00::/8,192.0.2.7')).toEqual([
    { address: '10.0.0.0', prefix: 8 },
    { address: 'fd00::', prefix: 8 },
    { address: '192.0.2.7', prefix: 32 },
  ])
})
