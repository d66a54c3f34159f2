// The state of the page in the address bar: "#name=worker-2&window=15m".

export const windows = [
  { id: '5m', label: '5 min', ms: 300_000 },
  { id: '15m', label: '15 min', ms: 900_000 },
  { id: '1h', label: '1 h', ms: 3600_000 },
  { id: 'all', label: 'all', ms: Infinity },
];

export const figuresToSortBy = ['name', 'state', 'up', 'restarts', 'cpu_percent', 'memory_rss', 'num_threads', 'num_fds'];

/** Reads the state from an address. Missing and invalid values get their defaults. */
export function readAddress(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const sort = given.get('sort') ?? 'name';
  const column = sort.replace(/^-/, '');
  return {
    open: given.get('base') ? `base=${given.get('base')}` : given.get('name') ? `name=${given.get('name')}` : '',
    window: windows.find(({ id }) => id === given.get('window')) ?? windows[0],
    filter: given.get('filter') ?? '',
    folded: new Set((given.get('fold') ?? '').split(',').filter(Boolean)),
    sorting: figuresToSortBy.includes(column)
      ? { column, isDescending: sort.startsWith('-') }
      : { column: 'name', isDescending: false },
  };
}

/** Returns the shortest address of a state: defaults are left out. */
export function addressOf({ open, window, filter, folded, sorting }) {
  const said = new URLSearchParams();
  const at = open.indexOf('=');
  if (open) said.set(open.slice(0, at), open.slice(at + 1));
  if (window.id !== windows[0].id) said.set('window', window.id);
  if (filter) said.set('filter', filter);
  if (folded.size > 0) said.set('fold', [...folded].join());
  const sort = (sorting.isDescending ? '-' : '') + sorting.column;
  if (sort !== 'name') said.set('sort', sort);
  return said.toString().replaceAll('%2C', ',');
}
