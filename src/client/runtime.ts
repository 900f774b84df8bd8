/**
 * The slice of the globals that the client reads; there may be none of them.
 *
 * @module
 */

/** A browser's page, or what stands for it. */
export interface Page extends Partial<EventTarget> {
  readonly location?: { readonly href: string };
  readonly navigator?: { readonly onLine?: boolean; readonly userAgent?: string };
  readonly document?: { readonly visibilityState: string };
}

/** The globals. */
export const page: Page = globalThis as Page;
