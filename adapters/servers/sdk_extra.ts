/**
 * What a server of the official SDK is told beside a message. Made when it is asked for: a server looks at
 * a part of it, and most handlers at none.
 *
 * @module
 */

import type { Exchange } from "../../core/engine/application.ts";
import { headerFields, webRequest } from "../../core/engine/web_request.ts";
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
    return this.#info ??= new RequestInfo(this.#exchange.head);
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

class RequestInfo implements SdkRequestInfo {
  readonly #head: RequestHead;
  #headers: { [name: string]: string } | undefined;
  #url: URL | undefined;

  constructor(head: RequestHead) {
    this.#head = head;
  }

  get headers(): { readonly [name: string]: string } {
    // A field may be called __proto__; fromEntries makes it a property like any other.
    return this.#headers ??= Object.fromEntries(headerFields(this.#head.headers));
  }

  get url(): URL {
    return this.#url ??= new URL(this.#head.url);
  }
}
