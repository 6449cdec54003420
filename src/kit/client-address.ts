// Whose request it is: the peer's address, or behind proxies that we trust the address that they say they were asked from.
import { BlockList, isIP } from 'node:net'

export interface Network {
  address: string
  prefix: number
}

/** The address of the client, from the peer's and X-Forwarded-For. Empty where neither is known. */
export type AddressOf = (peer: string, forwardedFor: string | null) => string

/**
 * Each proxy appends whom it was asked by, so the header is read from the right, and only as far as those who wrote it are trusted:
 * what stands to the left of the first stranger is that stranger's own invention.
 */
export function clientAddresses(trusted: readonly Network[]): AddressOf {
  if (trusted.length === 0) return (peer) => plainAddress(peer) ?? peer
  const list = new BlockList()
  for (const { address, prefix } of trusted) list.addSubnet(address, prefix, familyOf(address))
  const isTrusted = (address: string) => isIP(address) !== 0 && list.check(address, familyOf(address))
  return (peer, forwardedFor) => {
    let hop = plainAddress(peer) ?? peer
    let rest = forwardedFor ?? ''
    while (rest !== '' && isTrusted(hop)) {
      const comma = rest.lastIndexOf(',')
      const before = plainAddress(rest.slice(comma + 1).trim())
      // `unknown`, a name, nonsense: the last address that somebody trusted vouches for.
      if (before === null) return hop
      hop = before
      rest = comma < 0 ? '' : rest.slice(0, comma)
    }
    return hop
  }
}

interface Received {
  address: string
}

/** Looked up by whoever wants it: an answer from memory does not. */
class Client implements Received {
  readonly #headers: Headers
  readonly #peer: Received
  readonly #addressOf: AddressOf
  constructor({ headers }: Request, peer: Received, addressOf: AddressOf) {
    this.#headers = headers
    this.#peer = peer
    this.#addressOf = addressOf
  }
  get address(): string {
    return this.#addressOf(this.#peer.address, this.#headers.get('x-forwarded-for'))
  }
}

/** A handler that is told the client's address where the server told the peer's. */
export const fromClient =
  <Answer>(addressOf: AddressOf, next: (request: Request, received: Received) => Answer) =>
  (request: Request, received: Received): Answer =>
    next(request, new Client(request, received, addressOf))

/** `10.0.0.0/8, fd00::/8, 192.0.2.7`. Throws a sentence that names the fix. */
export function readNetworks(text: string): readonly Network[] {
  return text.split(',').map((part) => {
    const [, given = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(part.trim()) ?? []
    const address = plainAddress(given)
    const most = familyOf(address ?? '') === 'ipv4' ? 32 : 128
    const prefix = bits === undefined ? most : Number(bits)
    if (address === null || given !== address.toLowerCase() || prefix > most)
      throw new Error('must be addresses or networks separated by commas: 10.0.0.0/8,fd00::/8')
    if (prefix === 0) throw new Error('must not trust everybody (/0): then all may say that they are somebody else')
    return { address, prefix }
  })
}

/** Without a port, brackets and zone; IPv4 as such, also where the socket is one of IPv6. Null: no address. */
function plainAddress(text: string): string | null {
  const bare = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text
  const address = bare.replace(/%.*$/, '').toLowerCase()
  if (isIP(address) === 0) return null
  if (!address.includes(':')) return address
  const groups = groupsOf(address)
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  return isMapped
    ? groups
        .slice(6)
        .flatMap((group) => [group >> 8, group & 0xff])
        .join('.')
    : address
}

/** What one customer of a network gets: of an IPv6 address the /64, since whoever has one of it has them all. */
export function networkOf(address: string): string {
  return isIP(address) === 6 ? groupsOf(address).slice(0, 4).join(':') : address
}

const familyOf = (address: string) => (address.includes(':') ? 'ipv6' : 'ipv4')

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const dotted = address.replace(/%.*$/, '').replace(/(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/, (_, ...bytes) => {
    const [a, b, c, d] = bytes.slice(0, 4).map(Number) as [number, number, number, number]
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  })
  const [head = '', tail] = dotted.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)))
  const [left, right] = [groups(head), groups(tail ?? '')]
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]
}
