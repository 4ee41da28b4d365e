import * as z from 'zod'
import {
  claimName,
  directoryName,
  directoryTimeout,
  isLoopbackHost,
  subjectPrefix,
} from './schema-users-values.ts'

export const httpDirectory = z
  .strictObject({
    type: z
      .literal('http')
      .describe('Users behind a service of yours, which finds them and tries their passwords.'),
    name: directoryName.default('http'),
    subjectPrefix,
    url: z
      .string()
      .refine((url) => /^https?:/.test(url) && URL.canParse(url), 'an https URL')
      .describe('Where questions are sent (POST). https, or http on a loopback address.'),
    secret: z
      .string()
      .min(32)
      .describe('Key of the HMAC-SHA-256 that signs every question; at least 32 characters.'),
    connections: z
      .number()
      .int()
      .min(1)
      .max(1000)
      .default(64)
      .describe('Most questions under way at once; the next one is answered 503.'),
    timeout: directoryTimeout,
    claims: z
      .array(claimName)
      .default([])
      .describe('Claims taken from an answer into tokens. Others are dropped.'),
  })
  .superRefine(({ url }, context) => {
    if (!URL.canParse(url)) return
    const { protocol, hostname } = new URL(url)
    if (protocol !== 'https:' && !isLoopbackHost(hostname)) {
      context.addIssue({
        code: 'custom',
        path: ['url'],
        message: 'passwords would cross the network in the clear: write https://',
      })
    }
  })
