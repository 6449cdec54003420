// A good question for every operation: what must be there before it is asked, and what is asked.
import type { Reply, TestSystem, User } from '../start.ts'
import type { Question } from './wires.ts'

/** A set of things of its own for each wire: what one changes the other must not meet. */
export interface Stage {
  system: TestSystem
  editor: User
  admin: User
  customer: User
  /** Stands in every name that is made here. */
  label: string
}

type Asked = Omit<Question, 'operation'>

const password = 'long enough to keep'
const etag = (version: number) => ({ 'if-match': `"${version}"` })

export async function openStage(system: TestSystem): Promise<Omit<Stage, 'label'>> {
  const [editor, admin, customer] = await Promise.all(['editor', 'admin', 'customer'].map((name) => system.signIn(`${name}@example.com`)))
  if (!editor || !admin || !customer) throw new Error('the demo accounts are missing')
  return { system, editor, admin, customer }
}

function made({ status, body }: Reply): Reply['body'] {
  if (status >= 300) throw new Error(`could not be prepared: ${status} ${JSON.stringify(body)}`)
  return body
}

const camera = (label: string) => ({
  brand: 'Acme',
  model: `One ${label}`,
  type: 'mirrorless',
  mount: 'Acme A',
  sensor: { format: 'full-frame' },
})
const lens = (label: string) => ({
  brand: 'Acme',
  model: `Fifty ${label}`,
  mount: 'Acme A',
  coverage: 'full-frame',
  focalMinMm: 50,
  focalMaxMm: 50,
  apertureWide: 1.8,
  apertureTele: 1.8,
})

async function review({ system, label }: Stage, what: string) {
  const { id: cameraId } = made(await system.ask('GET /cameras/nikon-z8'))
  return { title: `${what} ${label}`, summary: 'Short.', body: '**Long.**', language: 'pt', tags: ['Rua'], cameraId }
}

const draft = async (stage: Stage, what: string, status = 'draft') =>
  made(await stage.editor.ask('POST /reviews', { body: { ...(await review(stage, what)), status } }))

/** Two versions old. */
async function revised(stage: Stage, what: string) {
  const { id } = await draft(stage, what)
  return made(await stage.editor.ask(`PATCH /reviews/${id}`, { body: { summary: 'Shorter.' }, headers: etag(1) }))
}

async function thing(stage: Stage, kind: 'cameras' | 'lenses', what: string) {
  const body = kind === 'cameras' ? camera(`${what} ${stage.label}`) : lens(`${what} ${stage.label}`)
  return made(await stage.editor.ask(`POST /${kind}`, { body }))
}

async function goods({ system, label }: Stage, what: string) {
  // Not the first of a list: what others have made may come there between the wires.
  const [category, camera] = await Promise.all(
    ['categories/prime-lenses', 'cameras/nikon-z8'].map(async (path) => made(await system.ask(`GET /${path}`))),
  )
  return {
    name: `${what} ${label}`,
    price: 12.5,
    stock: 5,
    categoryId: category.id,
    cameraId: camera.id,
    images: ['https://images.example.com/a.jpg'],
  }
}

const product = async (stage: Stage, what: string) => made(await stage.admin.ask('POST /products', { body: await goods(stage, what) }))

const category = async ({ admin, label }: Stage, what: string) =>
  made(await admin.ask('POST /categories', { body: { name: `${what} ${label}`, image: 'https://images.example.com/c.jpg' } }))

async function order(stage: Stage, what: string) {
  const { id: productId } = await product(stage, what)
  const headers = { 'idempotency-key': `${what}-${productId}` }
  return made(await stage.customer.ask('POST /orders', { body: { items: [{ productId, quantity: 1 }] }, headers }))
}

async function user({ system, label }: Stage, what: string) {
  const email = `${what}.${label}@example.com`
  const { id } = made(await system.ask('POST /users', { body: { name: what, email, password } }))
  return { id, email, ...(await system.signIn(email, password)) }
}

async function resetOf(stage: Stage, what: string) {
  const { id } = await user(stage, what)
  return made(await stage.admin.ask(`POST /users/${id}/password-reset`))
}

const first = async ({ system }: Stage, list: string) => made(await system.ask(`GET /${list}?limit=1`)).data[0]
const by = ({ accessToken }: User) => ({ token: accessToken })

export const questions: Record<string, (stage: Stage) => Promise<Asked>> = {
  listContent: async () => ({ query: { limit: 3, language: 'es', sort: 'title' } }),
  readContent: async (stage) => ({ path: { slug: (await first(stage, 'content')).slug } }),
  searchContent: async () => ({ query: { q: 'autofoco', limit: 5 } }),
  suggestContent: async () => ({ query: { q: 'can', limit: 4 } }),
  listFacets: async () => ({ query: { brand: 'canon' } }),
  compareContent: async () => ({ query: { cameras: 'canon-eos-r5,nikon-z8' } }),
  listCameras: async () => ({ query: { limit: 4, type: 'mirrorless' } }),
  readCamera: async (stage) => ({ path: { id: (await first(stage, 'cameras')).id } }),
  listLenses: async () => ({ query: { limit: 4, brand: 'Canon' } }),
  readLens: async (stage) => ({ path: { id: (await first(stage, 'lenses')).slug } }),

  createReview: async (stage) => ({ body: { ...(await review(stage, 'Made')), pros: ['Light'] }, ...by(stage.editor) }),
  replaceReview: async (stage) => {
    const { id } = await draft(stage, 'Replaced')
    return { path: { id }, body: await review(stage, 'Replacing'), ifMatch: 1, ...by(stage.editor) }
  },
  changeReview: async (stage) => {
    const { id } = await draft(stage, 'Changed')
    return { path: { id }, body: { verdict: 'Good.', tags: null }, ifMatch: 1, ...by(stage.editor) }
  },
  deleteReview: async (stage) => ({ path: { id: (await draft(stage, 'Deleted')).id }, ifMatch: 1, ...by(stage.editor) }),
  publishReview: async (stage) => ({ path: { id: (await draft(stage, 'Published')).id }, ifMatch: 1, ...by(stage.editor) }),
  withdrawReview: async (stage) => ({ path: { id: (await draft(stage, 'Withdrawn', 'published')).id }, ifMatch: 1, ...by(stage.editor) }),
  scheduleReview: async (stage) => {
    const { id } = await draft(stage, 'Scheduled')
    const publishAt = new Date(Date.now() + 86_400_000).toISOString()
    return { path: { id }, body: { publishAt }, ifMatch: 1, ...by(stage.editor) }
  },
  listReviews: async (stage) => {
    await draft(stage, 'Listed')
    return { query: { limit: 2, status: 'draft' }, ...by(stage.editor) }
  },
  readReview: async (stage) => ({ path: { id: (await draft(stage, 'Read')).id }, ...by(stage.editor) }),
  listReviewHistory: async (stage) => ({ path: { id: (await revised(stage, 'Remembered')).id }, query: { limit: 1 }, ...by(stage.editor) }),
  readReviewVersion: async (stage) => ({ path: { id: (await revised(stage, 'Past')).id, version: 1 }, ...by(stage.editor) }),
  restoreReviewVersion: async (stage) => ({
    path: { id: (await revised(stage, 'Restored')).id, version: 1 },
    ifMatch: 2,
    ...by(stage.editor),
  }),

  createCamera: async (stage) => ({ body: camera(`made ${stage.label}`), ...by(stage.editor) }),
  replaceCamera: async (stage) => {
    const { id } = await thing(stage, 'cameras', 'replaced')
    return { path: { id }, body: { ...camera(`replacing ${stage.label}`), weightGrams: 512.5 }, ifMatch: 1, ...by(stage.editor) }
  },
  changeCamera: async (stage) => {
    const { id } = await thing(stage, 'cameras', 'changed')
    return { path: { id }, body: { features: { weatherSealed: true, isoMax: 51200 }, mount: null }, ifMatch: 1, ...by(stage.editor) }
  },
  deleteCamera: async (stage) => ({ path: { id: (await thing(stage, 'cameras', 'deleted')).id }, ifMatch: 1, ...by(stage.editor) }),
  createLens: async (stage) => ({ body: lens(`made ${stage.label}`), ...by(stage.editor) }),
  replaceLens: async (stage) => {
    const { id } = await thing(stage, 'lenses', 'replaced')
    return { path: { id }, body: lens(`replacing ${stage.label}`), ifMatch: 1, ...by(stage.editor) }
  },
  changeLens: async (stage) => {
    const { id } = await thing(stage, 'lenses', 'changed')
    return { path: { id }, body: { blades: 9, autofocus: false }, ifMatch: 1, ...by(stage.editor) }
  },
  deleteLens: async (stage) => ({ path: { id: (await thing(stage, 'lenses', 'deleted')).id }, ifMatch: 1, ...by(stage.editor) }),

  listCategories: async () => ({}),
  readCategory: async () => ({ path: { id: 'prime-lenses' } }),
  listCategoryProducts: async () => ({ path: { id: 'prime-lenses' }, query: { limit: 1, sort: 'price' } }),
  createCategory: async ({ label, admin }) => ({ body: { name: `Made ${label}` }, ...by(admin) }),
  replaceCategory: async (stage) => {
    const { id } = await category(stage, 'Replaced')
    return { path: { id }, body: { name: 'Replacing', image: 'https://images.example.com/a.jpg' }, ifMatch: 1, ...by(stage.admin) }
  },
  changeCategory: async (stage) => ({
    path: { id: (await category(stage, 'Changed')).id },
    body: { name: 'Otherwise', image: null },
    ifMatch: 1,
    ...by(stage.admin),
  }),
  deleteCategory: async (stage) => ({ path: { id: (await category(stage, 'Deleted')).id }, ifMatch: 1, ...by(stage.admin) }),
  listProducts: async () => ({ query: { category: 'zoom-lenses', priceMax: 2500, sort: 'price', order: 'desc', limit: 2, page: 1 } }),
  readProduct: async () => ({ path: { id: 'nikon-z8-with-24-70mm' } }),
  createProduct: async (stage) => ({ body: await goods(stage, 'Made'), ...by(stage.admin) }),
  replaceProduct: async (stage) => {
    const { id } = await product(stage, 'Replaced')
    return { path: { id }, body: { ...(await goods(stage, 'Replacing')), price: 3 }, ifMatch: 1, ...by(stage.admin) }
  },
  changeProduct: async (stage) => ({
    path: { id: (await product(stage, 'Changed')).id },
    body: { price: 7.25, cameraId: null, stock: 2 },
    ifMatch: 1,
    ...by(stage.admin),
  }),
  deleteProduct: async (stage) => ({ path: { id: (await product(stage, 'Deleted')).id }, ifMatch: 1, ...by(stage.admin) }),
  placeOrder: async (stage) => {
    const { id: productId } = await product(stage, 'Bought')
    return { body: { items: [{ productId, quantity: 2 }] }, ...by(stage.customer) }
  },
  listOrders: async (stage) => {
    await order(stage, 'Listed')
    return { query: { limit: 1 }, ...by(stage.customer) }
  },
  readOrder: async (stage) => ({ path: { id: (await order(stage, 'Read')).id }, ...by(stage.customer) }),
  refundOrder: async (stage) => ({ path: { id: (await order(stage, 'Refunded')).id }, ...by(stage.customer) }),

  login: async (stage) => ({ body: { email: (await user(stage, 'login')).email, password } }),
  refresh: async (stage) => ({ body: { refreshToken: (await user(stage, 'refresh')).refreshToken } }),
  logout: async (stage) => ({ body: { refreshToken: (await user(stage, 'logout')).refreshToken } }),
  resetPassword: async (stage) => ({ body: { token: (await resetOf(stage, 'reset')).token, newPassword: 'another long one' } }),
  listKeys: async () => ({}),
  registerUser: async ({ label }) => ({ body: { name: 'New', email: `registered.${label}@example.com`, password } }),
  listUsers: async (stage) => ({ query: { limit: 2 }, ...by(stage.admin) }),
  readUser: async (stage) => ({ path: { id: 'me' }, ...by(stage.admin) }),
  replaceUser: async (stage) => {
    const { id } = await user(stage, 'replaced')
    const body = { name: 'Replaced', email: `replacing.${stage.label}@example.com`, roles: ['editor'], disabled: false }
    return { path: { id }, body, ifMatch: 1, ...by(stage.admin) }
  },
  changeUser: async (stage) => {
    const { id } = await user(stage, 'changed')
    return { path: { id }, body: { roles: ['editor'], name: 'Changed' }, ifMatch: 1, ...by(stage.admin) }
  },
  eraseUser: async (stage) => ({ path: { id: (await user(stage, 'erased')).id }, ifMatch: 1, ...by(stage.admin) }),
  createPasswordReset: async (stage) => ({ path: { id: (await user(stage, 'forgetful')).id }, ...by(stage.admin) }),
  changePassword: async (stage) => {
    const { accessToken: token } = await user(stage, 'changing')
    return { body: { currentPassword: password, newPassword: 'another long one' }, token }
  },
  listSessions: async (stage) => ({ token: (await user(stage, 'sessions')).accessToken }),
  endSession: async (stage) => {
    const { email, ...here } = await user(stage, 'ending')
    await stage.system.signIn(email, password)
    const { data } = made(await here.ask('GET /users/me/sessions'))
    const sessionId = data.find(({ current }: { current: boolean }) => !current).id
    return { path: { sessionId }, token: here.accessToken }
  },
  endOtherSessions: async (stage) => ({ token: (await user(stage, 'others')).accessToken }),
}
