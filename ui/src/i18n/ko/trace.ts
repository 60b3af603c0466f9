/** Korean texts of the page of one trace. */
import type { Messages } from '@/i18n/en';

export const trace: Messages['trace'] = {
  views: '보기', waterfall: '폭포수', icicle: '고드름', table: '통계', graph: '그래프',
  spans: '스팬 {N}개', services: '서비스 {N}개', errors: '오류 {N}개', depth: '{N}단계',
  started: '시작 {time}',
  search: '트레이스 안에서 찾기', searchHint: '글 또는 key=value', matches: '{N}개 중 {at}번째', noMatch: '없음',
  nextError: '다음 오류', criticalPath: '임계 경로', collapseAll: '모두 접기', expandAll: '모두 펼치기',
  download: '내려받기', downloadOtlp: 'OTLP JSON', downloadJaeger: 'Jaeger JSON',
  skewOn: '시계 보정', skewNote: '시계가 서로 달라 서비스 {N}개의 스팬이 부모 밖에서 시작했습니다. 부모 안으로 옮겨 그렸습니다.',
  missingParents: '부모 스팬 {N}개를 받지 못했습니다. 그 아래 스팬은 제 시각에 그렸습니다.',
  missingParent: '부모 스팬을 받지 못했습니다', cycle: '부모 관계가 원을 이루어 여기서 끊었습니다', 'duplicate-id': '같은 ID의 스팬이 또 있습니다', skewed: '시계가 달라 부모 안으로 옮겼습니다',
  name: '서비스와 오퍼레이션', detail: '스팬', attributes: '속성', resource: '리소스', events: '이벤트', links: '링크', scope: '스코프',
  spanId: '스팬 ID', parentId: '부모', kind: '종류', status: '상태', self: '자체 시간', selfShare: '비율', count: '스팬', total: '합계', max: '최대', exception: '예외', stack: '스택', statement: '문장',
  rows: '스팬', group: '묶기', byService: '서비스', byOperation: '오퍼레이션',
  none: '이 ID로 저장된 스팬이 없습니다', noneText: '다른 곳으로 보냈거나 샘플러가 버렸거나 아직 오는 중일 수 있습니다. 30초 동안 다시 찾습니다.', lookAgain: '다시 찾기',
  icicleHint: '너비는 시간이고 한 줄이 한 단계입니다. 스팬을 선택하면 상세가 보입니다.', graphText: '이 트레이스의 서비스와 호출',
  expand: '펼치기', collapse: '접기', openLink: '연결된 트레이스 열기', unset: '미지정', minimap: '트레이스 전체',
};
