type Operation = (...args: unknown[]) => unknown;

/** A port one of whose operations goes another way, which is given the operation as it was, and its arguments. */
export function instead<Port extends object>(
  port: Port,
  name: keyof Port,
  way: (own: Operation, args: unknown[]) => unknown,
): Port {
  return new Proxy(port, {
    get(target, key) {
      const member = target[key as keyof Port];
      if (typeof member !== "function") return member;
      const own = member.bind(target) as Operation;
      return key === name ? (...args: unknown[]) => way(own, args) : own;
    },
  });
}
