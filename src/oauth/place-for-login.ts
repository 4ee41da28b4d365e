import type { Middleware } from 'koa'
import { factsOf, parameter } from './request.ts'

/** Throws Overloaded where a login by this client from this address has no place to wait. */
export type FindPlace = (client: string, address: string) => void

/** Turns a login away for which there is no place to wait, before the engine looks at it: a flood is made of those. */
export function placeForLogin(findPlace: FindPlace): Middleware {
  return (ctx, next) => {
    const { form, presented, address } = factsOf(ctx)
    if (parameter(form, 'grant_type') === 'password' && presented) findPlace(presented.id, address)
    return next()
  }
}
