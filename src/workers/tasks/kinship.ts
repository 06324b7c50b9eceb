interface Relatives {
  ppid: number;
  pgid?: number | undefined;
  sid?: number | undefined;
}

/** How a process belongs to a member of a tree. */
export interface Kinship<Member> {
  kind: 'parent' | 'group' | 'session';
  to: Member;
}

/** The members that a process names, both when all were listed and when it was looked at closely. */
export function relationsOf<Member>(
  listed: Relatives,
  now: Relatives,
  known: ReadonlyMap<number, Member>,
  kinds: Kinship<Member>['kind'][],
): Kinship<Member>[] {
  const named = [
    ['parent', listed.ppid, now.ppid],
    ['group', listed.pgid, now.pgid],
    ['session', listed.sid, now.sid],
  ] as const;
  return named.flatMap(([kind, before, after]) => {
    const to = kinds.includes(kind) && before !== undefined && before === after ? known.get(before) : undefined;
    return to === undefined ? [] : [{ kind, to }];
  });
}
