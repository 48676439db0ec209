'use strict';
// The table of samples. Only the rows in view are in the document, so that thousands stay fluid.
// Everything from outside goes through textContent: no text becomes markup.
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId('data').textContent);
  const [RUN, SPLIT, ID, IMAGE, QUESTION, LABEL, STATUS, ANSWER, DECISION, CORRECT, MARGIN, FINISH, ERROR] =
    Array.from({length: 13}, (_, i) => i);
  const PRINTED_ROWS = 40;
  const rows = data.rows;
  const several = data.runs.length > 1;

  // Controls, bidirectional marks and invisible characters as visible escapes.
  const hidden = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
  function put(parent, text, oneLine) {
    let last = 0;
    const flat = oneLine ? text.replace(/\r?\n/g, ' \u21b5 ') : text.replace(/\r\n/g, '\n');
    for (const match of flat.matchAll(hidden)) {
      parent.append(flat.slice(last, match.index));
      const mark = document.createElement('span');
      mark.className = 'escape';
      mark.textContent = 'U+' + match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
      parent.append(mark);
      last = match.index + match[0].length;
    }
    parent.append(flat.slice(last));
    return parent;
  }
  function make(tag, className, text, oneLine = true) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) put(element, String(text), oneLine);
    return element;
  }
  const isWrong = (row) => row[STATUS] === 'scored' && row[CORRECT] === false;
  const verdict = (row) => row[STATUS] !== 'scored' ? [row[STATUS], '\u25cb ' + row[STATUS]]
    : row[CORRECT] === true ? ['right', '\u2713 right']
    : row[CORRECT] === false ? ['wrong', '\u2717 wrong'] : ['unparsed', '\u2013'];
  const answerText = (row) => row[ERROR] ? row[ERROR] : row[ANSWER];
  const signed = (value) => (value > 0 ? '+' : value < 0 ? '\u2212' : '') + Math.abs(value).toFixed(2);

  function picture(row, className) {
    const jpeg = data.thumbnails[row[IMAGE]];
    if (!jpeg) return make('span', 'no' + className, 'no picture');
    const image = document.createElement('img');
    image.className = className;
    image.alt = '';
    image.decoding = 'async';
    image.src = 'data:image/jpeg;base64,' + jpeg;
    return image;
  }
  let scale = 1;
  for (const row of rows) if (row[MARGIN] !== null) scale = Math.max(scale, Math.abs(row[MARGIN]));
  function marginCell(row) {
    const cell = make('span', 'margin');
    if (row[MARGIN] === null) return cell;
    cell.append(make('span', 'value', signed(row[MARGIN])));
    const track = make('span', 'track');
    const piece = make('span', row[MARGIN] < 0 ? 'piece no' : 'piece');
    const width = 50 * Math.abs(row[MARGIN]) / scale;
    piece.style.width = width + '%';
    piece.style.left = (row[MARGIN] < 0 ? 50 - width : 50) + '%';
    track.append(piece);
    cell.append(track);
    return cell;
  }

  const list = byId('list'), space = byId('space'), status = byId('shown'), sheet = byId('sheet');
  const state = {filter: 'all', split: '', run: '', order: 'asked', text: ''};
  // Without any picture the column goes, and rows are lower.
  const bare = Object.keys(data.thumbnails).length === 0;
  byId('samples').classList.toggle('bare', bare);
  let view = [], chosen = -1, rowHeight = 88;
  const drawn = new Map();

  function buildRow(position) {
    const row = rows[view[position]];
    const element = make('div', 'row');
    element.id = 'row-' + position;
    element.setAttribute('role', 'option');
    element.setAttribute('aria-posinset', position + 1);
    element.setAttribute('aria-setsize', view.length);
    element.setAttribute('aria-selected', position === chosen);
    const asked = make('span', 'asked');
    asked.append(make('span', 'clamp', row[QUESTION]));
    asked.append(make('span', 'meta', (several ? data.runs[row[RUN]].split(' ')[0] + ' \u00b7 ' : '') + data.splits[row[SPLIT]] +
      ' \u00b7 ' + row[ID] + ' \u00b7 ' + data.images[row[IMAGE]]));
    asked.lastChild.style.display = 'block';
    const said = make('span', 'said');
    said.append(make('span', 'k', 'Answer '));
    said.append(make('span', 'clamp', answerText(row) || '(empty)'));
    const [kind, words] = verdict(row);
    const result = make('span', 'verdict');
    result.append(make('span', 'mark ' + kind, words));
    const label = make('span', 'k', ' truth: ' + row[LABEL]);
    result.append(label);
    element.append(picture(row, 'picture'), asked, said, make('span', 'truth', row[LABEL]), result, marginCell(row));
    element.style.transform = 'translateY(' + position * rowHeight + 'px)';
    element.addEventListener('click', () => { choose(position); open(); });
    return element;
  }
  function draw() {
    const first = Math.max(0, Math.floor(list.scrollTop / rowHeight) - 4);
    const last = Math.min(view.length, Math.ceil((list.scrollTop + list.clientHeight) / rowHeight) + 4);
    for (const [position, element] of drawn) {
      if (position < first || position >= last) { element.remove(); drawn.delete(position); }
    }
    for (let position = first; position < last; ++position) {
      if (drawn.has(position)) continue;
      const element = buildRow(position);
      drawn.set(position, element);
      space.append(element);
    }
  }
  function redraw() {
    for (const element of drawn.values()) element.remove();
    drawn.clear();
    rowHeight = matchMedia('(max-width: 820px)').matches ? 172 : bare ? 66 : 88;
    space.style.height = Math.max(view.length * rowHeight, 1) + 'px';
    byId('empty').hidden = view.length > 0;
    draw();
  }
  const haystacks = rows.map(() => null);
  function matches(index) {
    const row = rows[index];
    if (state.filter === 'wrong' && !isWrong(row)) return false;
    if (state.filter === 'alarm' && !(isWrong(row) && row[DECISION] === 'yes')) return false;
    if ((state.filter === 'unparsed' || state.filter === 'failed') && row[STATUS] !== state.filter &&
        !(state.filter === 'failed' && row[STATUS] === 'unjudged')) return false;
    if (state.split !== '' && row[SPLIT] !== Number(state.split)) return false;
    if (state.run !== '' && row[RUN] !== Number(state.run)) return false;
    if (state.text === '') return true;
    haystacks[index] ??= (row[QUESTION] + '\n' + row[ANSWER] + '\n' + data.images[row[IMAGE]] + '\n' + row[ERROR] + '\n' + row[ID]).toLowerCase();
    return haystacks[index].includes(state.text);
  }
  function apply() {
    view = [];
    for (let index = 0; index < rows.length; ++index) if (matches(index)) view.push(index);
    const sure = (index) => rows[index][MARGIN] === null ? -1 : Math.abs(rows[index][MARGIN]);
    if (state.order === 'surest') view.sort((a, b) => sure(b) - sure(a) || a - b);
    if (state.order === 'unsure') view.sort((a, b) => (sure(a) < 0 ? Infinity : sure(a)) - (sure(b) < 0 ? Infinity : sure(b)) || a - b);
    if (state.order === 'image') view.sort((a, b) => rows[a][IMAGE] - rows[b][IMAGE] || a - b);
    chosen = -1;
    list.removeAttribute('aria-activedescendant');
    list.scrollTop = 0;
    for (const button of document.querySelectorAll('[data-filter]')) {
      button.setAttribute('aria-pressed', button.dataset.filter === state.filter);
    }
    const number = (n) => n.toLocaleString('en');
    status.textContent = number(view.length) + ' of ' + number(rows.length) + ' answers';
    redraw();
  }
  function choose(position) {
    if (view.length === 0) return;
    const before = drawn.get(chosen);
    chosen = Math.max(0, Math.min(view.length - 1, position));
    if (before) before.setAttribute('aria-selected', false);
    const top = chosen * rowHeight;
    if (top < list.scrollTop) list.scrollTop = top;
    if (top + rowHeight > list.scrollTop + list.clientHeight) list.scrollTop = top + rowHeight - list.clientHeight;
    draw();
    drawn.get(chosen)?.setAttribute('aria-selected', true);
    list.setAttribute('aria-activedescendant', 'row-' + chosen);
    if (sheet.open) fill();
  }
  function fill() {
    const row = rows[view[chosen]], body = byId('detail');
    body.replaceChildren();
    byId('where').textContent = (chosen + 1) + ' of ' + view.length;
    const terms = make('dl');
    const add = (name, value) => {
      if (value === '' || value === null || value === undefined) return;
      terms.append(make('dt', '', name), make('dd', '', value, false));
    };
    const [kind, words] = verdict(row);
    add('Question', row[QUESTION]);
    add('Answer', row[ANSWER] === '' ? '(empty)' : row[ANSWER]);
    terms.append(make('dt', '', 'Result'));
    const result = make('dd');
    result.append(make('span', 'mark ' + kind, words), ' \u2013 truth is ' + row[LABEL] + (row[DECISION] ? ', read as ' + row[DECISION] : ''));
    terms.append(result);
    add('Error', row[ERROR]);
    if (row[MARGIN] !== null) add('Yes margin', signed(row[MARGIN]) + ', probability of yes ' + (100 / (1 + Math.exp(-row[MARGIN]))).toFixed(1) + ' %');
    add('Ended by', row[FINISH]);
    add(data.group, data.splits[row[SPLIT]] + ', question ' + row[ID]);
    if (several) add('Run', data.runs[row[RUN]]);
    add('Picture', data.images[row[IMAGE]]);
    body.append(picture(row, 'large'), terms);
  }
  function open() {
    if (chosen < 0) return;
    fill();
    if (!sheet.open) sheet.showModal();
  }

  for (const button of document.querySelectorAll('[data-filter]')) {
    button.addEventListener('click', () => { state.filter = button.dataset.filter; apply(); });
  }
  for (const [id, key] of [['split', 'split'], ['run', 'run'], ['order', 'order']]) {
    byId(id)?.addEventListener('change', (event) => { state[key] = event.target.value; apply(); });
  }
  let waiting = 0;
  byId('search').addEventListener('input', (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { state.text = event.target.value.trim().toLowerCase(); apply(); }, 80);
  });
  let asked = false;
  list.addEventListener('scroll', () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; draw(); });
  }, {passive: true});
  addEventListener('resize', redraw);
  byId('next').addEventListener('click', () => choose(chosen + 1));
  byId('previous').addEventListener('click', () => choose(chosen - 1));
  byId('close').addEventListener('click', () => sheet.close());
  sheet.addEventListener('close', () => list.focus({preventScroll: true}));
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const inList = document.activeElement === list, typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (typing) {
      if (event.key === 'Escape' && event.target.type === 'search') list.focus();
      return;
    }
    const page = Math.max(1, Math.floor(list.clientHeight / rowHeight) - 1);
    const go = (position) => { event.preventDefault(); choose(position); };
    if (event.key === '/' && !sheet.open) { event.preventDefault(); byId('search').focus(); }
    else if (event.key === 'j' || ((inList || sheet.open) && event.key === 'ArrowDown')) { if (!sheet.open) list.focus(); go(chosen + 1); }
    else if (event.key === 'k' || ((inList || sheet.open) && event.key === 'ArrowUp')) { if (!sheet.open) list.focus(); go(chosen < 0 ? 0 : chosen - 1); }
    else if (inList && event.key === 'PageDown') go(Math.max(chosen, 0) + page);
    else if (inList && event.key === 'PageUp') go(chosen - page);
    else if (inList && event.key === 'Home') go(0);
    else if (inList && event.key === 'End') go(view.length - 1);
    else if (inList && event.key === 'Enter') { event.preventDefault(); if (chosen < 0) choose(0); open(); }
  });
  // Paper has no scrolling: the first rows of what is shown.
  addEventListener('beforeprint', () => {
    for (let position = 0; position < Math.min(view.length, PRINTED_ROWS); ++position) {
      if (!drawn.has(position)) { const row = buildRow(position); drawn.set(position, row); }
    }
    space.replaceChildren(...[...drawn].sort((a, b) => a[0] - b[0]).slice(0, PRINTED_ROWS).map((pair) => pair[1]));
    for (const row of drawn.values()) row.style.transform = 'none';
    space.style.height = 'auto';
  });
  addEventListener('afterprint', redraw);

  byId('samples').hidden = false;
  apply();
  document.documentElement.dataset.ready = 'true';
})();
