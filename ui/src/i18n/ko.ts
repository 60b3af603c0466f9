/** Korean texts. Words follow the glossary; sentences are built so that particles rarely meet a variable. */
import type { Messages } from '@/i18n/en';

export const ko: Messages = {
  page: { overview: '개요', map: '맵', traces: '트레이스 검색', trace: '트레이스', service: '서비스', missing: '없는 페이지' },
};
