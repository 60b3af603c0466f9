/** Korean texts of the page of one service. */
import type { Messages } from '@/i18n/en';

export const service: Messages['service'] = {
  onMap: '맵에서 보기', traces: '트레이스 보기', failed: '실패한 트레이스', operations: '오퍼레이션', operation: '오퍼레이션', kind: '종류', timeShare: '쓴 시간',
  callers: '호출하는 곳', callees: '호출받는 곳', versions: '버전', version: '버전', noVersion: '보내지 않음', instances: '인스턴스', instance: '인스턴스', errors: '최근 오류',
  none: '본 적 없는 서비스입니다', noneText: '이 service.name으로 받은 스팬이 없습니다. 이름은 글자 그대로 비교합니다.', toOverview: '모든 서비스', noInstances: '스팬에 인스턴스를 구별할 값이 없습니다.',
  callsChart: '호출과 오류', timeChart: '소요 시간', nobody: '이 범위에는 없습니다.',
};
