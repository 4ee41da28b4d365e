import type { Config } from '../../config/schema.ts'
import type { Logger } from '../../http/log.ts'
import type { WorkersSaid } from '../../http/metrics-workers.ts'
import { createPost, type Post, type PostParts } from './post.ts'

export interface Workers {
  /** What they say of themselves. */
  ask(): Promise<WorkersSaid>
  /**
   * Replaces them one after another by workers of another configuration; resolves when the last of
   * the former ones is gone. Throws the operator error of one that cannot start: the former
   * configuration goes on then, everywhere.
   */
  replace(config: Config): Promise<void>
  /** Lets them finish, and resolves when all are gone. */
  end(linger: number): Promise<void>
  kill(): void
}

/**
 * Milliseconds for which a worker that is replaced keeps connections without a request: as long as a
 * client may believe that they are kept, and a second, but no longer than a reload may last.
 */
const lingerOf = ({ http }: Config) => Math.min(http.keepAliveTimeout + 1000, 8000)

/** Starts so many workers. Throws the operator error of the first that cannot start, and leaves none. */
export async function startWorkers(
  parts: Omit<PostParts, 'number'>,
  config: Config,
): Promise<Workers> {
  let running = config
  const posts = Array.from({ length: parts.of }, (_, index) =>
    createPost({ ...parts, number: index + 1 }),
  )
  let ending = false
  const end = async (linger: number) => {
    ending = true
    await Promise.all(posts.map((post) => post.end(linger)))
  }
  try {
    // Where the first fails, all would, and each with the same words.
    for (const post of posts.slice(0, 1)) await post.fill(config)
    await Promise.all(posts.slice(1).map((post) => post.fill(config)))
  } catch (error) {
    await end(0)
    throw error
  }
  return {
    async ask() {
      const said = await Promise.all(posts.map((post) => post.reports()))
      return {
        ready: new Map(said.map(({ ready }, index) => [index + 1, ready])),
        metrics: said.flatMap(({ all }) => all.map(({ metrics }) => metrics)),
      }
    },
    async replace(next) {
      const former: Promise<unknown>[] = []
      const changed: Post[] = []
      for (const post of posts) {
        try {
          former.push((await post.fill(next, lingerOf(running))).former)
        } catch (error) {
          if (!ending) await back(changed, running, parts.log)
          throw error
        }
        changed.push(post)
      }
      running = next
      await Promise.all(former)
    },
    end,
    kill() {
      for (const post of posts) post.kill()
    },
  }
}

async function back(posts: readonly Post[], config: Config, log: Logger): Promise<void> {
  for (const post of posts) {
    await post.fill(config, lingerOf(config)).catch((error: Error) => {
      log.error({ error: error.message }, 'a worker goes on by the refused configuration: restart')
    })
  }
}
