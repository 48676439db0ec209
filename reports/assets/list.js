'use strict';
// What the tables of samples share: text that stays text, and a list that keeps only the rows in view
// in the document, so that thousands stay fluid. Everything from outside goes through textContent.
const vigor = (() => {
  const PRINTED_ROWS = 40;
  const byId = (id) => document.getElementById(id);

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
  function picture(jpeg, className) {
    if (!jpeg) return make('span', 'no' + className, 'no picture');
    const image = document.createElement('img');
    image.className = className;
    image.alt = '';
    image.decoding = 'async';
    image.src = 'data:image/jpeg;base64,' + jpeg;
    return image;
  }
  const signed = (value) => (value > 0 ? '+' : value < 0 ? '\u2212' : '') + Math.abs(value).toFixed(2);
  const probability = (margin) => (100 / (1 + Math.exp(-margin))).toFixed(1) + ' %';

  // The list in #list, the dialog #sheet, and their keys. `options`:
  //   height()             of a row in pixels, for the width that the window has
  //   build(index)         the content of a row, as nodes
  //   fill(index, parent)  the content of the dialog
  //   total, unit          for the line that counts ("12 of 9,000 answers")
  // `show(view)` takes the indices to show, in order.
  function rowList(options) {
    const list = byId('list'), space = byId('space'), sheet = byId('sheet');
    const drawn = new Map();
    byId('samples').hidden = false;
    let view = [], chosen = -1, rowHeight = options.height();

    function buildRow(position) {
      const element = make('div', 'row');
      element.id = 'row-' + position;
      element.setAttribute('role', 'option');
      element.setAttribute('aria-posinset', position + 1);
      element.setAttribute('aria-setsize', view.length);
      element.setAttribute('aria-selected', position === chosen);
      element.append(...options.build(view[position]));
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
      rowHeight = options.height();
      space.style.height = Math.max(view.length * rowHeight, 1) + 'px';
      byId('empty').hidden = view.length > 0;
      draw();
    }
    function show(indices) {
      view = indices;
      chosen = -1;
      list.removeAttribute('aria-activedescendant');
      list.scrollTop = 0;
      const number = (n) => n.toLocaleString('en');
      byId('shown').textContent = number(view.length) + ' of ' + number(options.total()) + ' ' + options.unit;
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
      const body = byId('detail');
      body.replaceChildren();
      byId('where').textContent = (chosen + 1) + ' of ' + view.length;
      options.fill(view[chosen], body);
    }
    function open() {
      if (chosen < 0) return;
      fill();
      if (!sheet.open) sheet.showModal();
    }

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
    return {show};
  }

  // The buttons [data-filter], the selects of `ids` and #search change `state`, whose keys are
  // `filter`, the ids, and `text`; `apply` is called after each change.
  function controls(state, ids, apply) {
    const buttons = document.querySelectorAll('[data-filter]');
    const mark = () => {
      for (const button of buttons) button.setAttribute('aria-pressed', button.dataset.filter === state.filter);
    };
    for (const button of buttons) {
      button.addEventListener('click', () => { state.filter = button.dataset.filter; mark(); apply(button.dataset.filter); });
    }
    for (const id of ids) {
      byId(id)?.addEventListener('change', (event) => { state[id] = event.target.value; apply(id); });
    }
    let waiting = 0;
    byId('search').addEventListener('input', (event) => {
      clearTimeout(waiting);
      waiting = setTimeout(() => { state.text = event.target.value.trim().toLowerCase(); apply('text'); }, 80);
    });
    mark();
  }
  const narrow = () => matchMedia('(max-width: 820px)').matches;
  // The last act of a page's script: tests know by it that the script came this far.
  const ready = () => { document.documentElement.dataset.ready = 'true'; };
  return {byId, make, picture, signed, probability, rowList, controls, narrow, ready};
})();
