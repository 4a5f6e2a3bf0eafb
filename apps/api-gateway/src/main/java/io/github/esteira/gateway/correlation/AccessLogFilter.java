package io.github.esteira.gateway.correlation;

import java.io.IOException;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * One line a request, in the field names of the Elastic Common Schema. Probes and scrapes are left
 * out: they come every few seconds and would drown the rest. The query is left out because callers
 * put secrets into it.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 1)
class AccessLogFilter extends OncePerRequestFilter {

	private static final Logger log = LoggerFactory.getLogger("access");

	@Override
	protected boolean shouldNotFilter(HttpServletRequest request) {
		String path = request.getRequestURI();
		return path.startsWith("/health/") || path.startsWith("/actuator/");
	}

	@Override
	protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
			throws ServletException, IOException {
		long start = System.nanoTime();
		try {
			chain.doFilter(request, response);
		}
		finally {
			LoggingEventBuilder line = log.atInfo()
				.addKeyValue("http.request.method", request.getMethod())
				.addKeyValue("url.path", request.getRequestURI())
				.addKeyValue("http.response.status_code", response.getStatus())
				.addKeyValue("event.duration", System.nanoTime() - start)
				.addKeyValue("client.address", request.getRemoteAddr());
			AccessLogFields.of(request).forEach(line::addKeyValue);
			line.log("request");
		}
	}

}
