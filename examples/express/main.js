// An Express API that checks Latchkey's access tokens. Elsewhere: npm install latchkey express.
import express from 'express'
import { createVerifier, expressAccessToken } from 'latchkey/resource-server'

const issuer = process.env.LATCHKEY_URL ?? 'http://127.0.0.1:8000'
const audience = process.env.LATCHKEY_AUDIENCE ?? 'http://127.0.0.1:8000/api'
const port = Number(process.env.PORT ?? 8081)

// Finds the keys through the issuer's metadata, at the first token.
const verifier = createVerifier({ issuer, audience })

const app = express()
app.disable('x-powered-by')

app.get('/status', expressAccessToken(verifier), (_, res) => {
  res.json({ status: 'ok' })
})

app.get('/users/me/items', expressAccessToken(verifier, { scopes: ['items'] }), (req, res) => {
  res.json([{ item_id: 'Foo', owner: req.accessToken.sub }])
})

const server = app.listen(port, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`)
})
