/** Attributes of HTML that the framework's types do not list yet. */
export {};
declare module 'vue' {
  interface HTMLAttributes {
    [data: `data-${string}`]: unknown;
    popover?: '' | 'auto' | 'manual';
  }
  interface ButtonHTMLAttributes {
    popovertarget?: string;
  }
}
