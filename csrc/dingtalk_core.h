/*
 * For hosts that link the core into themselves: put luaopen_dingtalk_core into
 * package.preload["dingtalk.core"] before the first require of "dingtalk.calendar".
 */
#ifndef DINGTALK_CORE_H
#define DINGTALK_CORE_H

struct lua_State;

#if defined(__cplusplus)
extern "C" {
#endif

#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
int luaopen_dingtalk_core(struct lua_State *L);

#if defined(__cplusplus)
}
#endif

#endif
