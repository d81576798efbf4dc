/**
 * What a server of the official SDK is told beside a message. Made when it is asked for: a server looks at
 * a part of it, and most handlers at none.
 *
 * @module
 */

import type { Exchange } from "../../core/engine/exchange.ts";
import { headerFields, webRequest } from "../../core/engine/web/web_request.ts";
import type { RequestHead } from "../../core/inbound/head.ts";
import { revisionFacts } from "../../core/protocol/revisions.ts";
import type { SdkExtra, SdkRequestInfo } from "./sdk_types.ts";

/** The extra of one message. */
export class ExchangeExtra implements SdkExtra {
  readonly #exchange: Exchange;
  readonly #retryMs: number;
  #info: SdkRequestInfo | undefined;
  #request: Request | undefined;

  /** @param retryMs After how many milliseconds a client polls whose connection a handler closes. */
  constructor(exchange: Exchange, retryMs: number) {
    this.#exchange = exchange;
    this.#retryMs = retryMs;
  }

  get authInfo(): unknown {
    return this.#exchange.authInfo;
  }

  get requestInfo(): SdkRequestInfo {
    return this.#info ??= requestInfo(this.#exchange.head);
  }

  get request(): Request {
    const { head } = this.#exchange;
    return this.#request ??= head instanceof Request ? head : webRequest(head);
  }

  get closeSSEStream(): (() => void) | undefined {
    const exchange = this.#exchange;
    if (exchange.id === undefined || !this.#polls()) return undefined;
    return () => exchange.closeStream({ retryMs: this.#retryMs });
  }

  get closeStandaloneSSEStream(): (() => void) | undefined {
    const { id, session } = this.#exchange;
    if (id === undefined || session === undefined || !this.#polls()) return undefined;
    return () => session.closeStream({ retryMs: this.#retryMs });
  }

  // Clients of earlier revisions may not have an event id yet: they could not come back.
  #polls(): boolean {
    const { session, version } = this.#exchange;
    return session !== undefined && revisionFacts(version)!.primingEvent;
  }
}

// Its own properties, as those of the SDK's, so that it can be copied and written out; version 1 asks for it with each
// request, and hardly any handler looks into it.
function requestInfo(head: RequestHead): SdkRequestInfo {
  let headers: SdkRequestInfo["headers"] | undefined;
  let url: URL | undefined;
  return {
    get headers() {
      // A field may be called __proto__; fromEntries makes it a property like any other.
      return headers ??= Object.fromEntries(headerFields(head.headers));
    },
    get url() {
      return url ??= new URL(head.url);
    },
  };
}
