/** English texts of the page of one trace. */
export const trace = {
  views: 'Views', waterfall: 'Waterfall', icicle: 'Icicle', table: 'Statistics', graph: 'Graph',
  spans: '{N} span | {N} spans', services: '{N} service | {N} services', errors: '{N} error | {N} errors', depth: '{N} level | {N} levels',
  started: 'started {time}',
  search: 'Search in the trace', searchHint: 'text, or key=value', matches: '{at} of {N}', noMatch: 'no match',
  nextError: 'Next error', criticalPath: 'Critical path', collapseAll: 'Collapse all', expandAll: 'Expand all',
  download: 'Download', downloadOtlp: 'OTLP JSON', downloadJaeger: 'Jaeger JSON',
  skewOn: 'Clocks corrected', skewNote: 'Spans of {N} service started outside their parents because clocks differ; they are moved into them. | Spans of {N} services started outside their parents because clocks differ; they are moved into them.',
  missingParents: '{N} parent span was not received; what it called is shown at its own place. | {N} parent spans were not received; what they called is shown at its own place.',
  missingParent: 'Its parent was not received', cycle: 'Its parents form a circle, which was cut here', 'duplicate-id': 'Another span has the same id', skewed: 'Moved into its parent: clocks differ',
  name: 'Service and operation', detail: 'Span', attributes: 'Attributes', resource: 'Resource', events: 'Events', links: 'Links', scope: 'Scope',
  spanId: 'Span id', parentId: 'Parent', kind: 'Kind', status: 'Status', self: 'Self time', selfShare: 'Share', count: 'Spans', total: 'Total', max: 'Longest', exception: 'Exception', stack: 'Stack', statement: 'Statement',
  rows: 'Spans', group: 'Group by', byService: 'Service', byOperation: 'Operation',
  none: 'No span is stored with this id', noneText: 'It may have been sent elsewhere, dropped by a sampler, or still be on its way. This page looks again for half a minute.', lookAgain: 'Look again',
  icicleHint: 'Width is time, a row is a level. Choose a span to see its details.', graphText: 'Services of this trace and their calls',
  expand: 'Expand', collapse: 'Collapse', openLink: 'Open the linked trace', unset: 'unset', minimap: 'The whole trace',
};
