package io.github.esteira.gateway.correlation;

import java.io.IOException;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.slf4j.MDC;

import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/** First of all filters, so that every line that is logged and every answer carries the request's id. */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE)
class CorrelationFilter extends OncePerRequestFilter {

	private static final String REQUEST_ID = "http.request.id";

	private static final String TRACE_ID = "trace.id";

	@Override
	protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
			throws ServletException, IOException {
		String id = RequestId.assign(request);
		response.setHeader(RequestId.HEADER, id);
		MDC.put(REQUEST_ID, id);
		TraceParent.traceId(request.getHeader("traceparent")).ifPresent(trace -> MDC.put(TRACE_ID, trace));
		try {
			chain.doFilter(request, response);
		}
		finally {
			MDC.remove(REQUEST_ID);
			MDC.remove(TRACE_ID);
		}
	}

}
