package io.github.esteira.gateway.upstream;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

import io.github.esteira.gateway.correlation.RequestId;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.gateway.server.mvc.common.MvcUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.function.HandlerFilterFunction;
import org.springframework.web.servlet.function.HandlerFunction;
import org.springframework.web.servlet.function.ServerRequest;
import org.springframework.web.servlet.function.ServerResponse;

/**
 * Takes the whole answer in before the first byte goes out: an answer that breaks off or stalls
 * midway is then still a 502 or 504 and counts at the circuit breaker, not a torn 200.
 *
 * <p>What the service says passes through, its refusals (4xx) included. Of its failures (5xx) only
 * problem documents do: anything else may be a stack trace.
 */
@Component
public class UpstreamAnswerFilter implements HandlerFilterFunction<ServerResponse, ServerResponse> {

	private final UpstreamProperties properties;

	UpstreamAnswerFilter(UpstreamProperties properties) {
		this.properties = properties;
	}

	@Override
	public ServerResponse filter(ServerRequest request, HandlerFunction<ServerResponse> next) throws Exception {
		long start = System.nanoTime();
		ServerResponse answer = next.handle(request);
		byte[] body = read(request, start);
		MediaType type = contentType(answer);
		if (answer.statusCode().is5xxServerError() && !MediaType.APPLICATION_PROBLEM_JSON.equalsTypeAndSubtype(type)) {
			throw UpstreamFailure.badAnswer(
					"The inference service failed with status " + answer.statusCode().value() + ".");
		}
		MvcUtils.putAttribute(request, MvcUtils.CLIENT_RESPONSE_INPUT_STREAM_ATTR, new ByteArrayInputStream(body));
		answer.headers().remove(RequestId.HEADER);
		answer.headers().remove(HttpHeaders.SERVER);
		return answer;
	}

	private byte[] read(ServerRequest request, long start) {
		int limit = Math.toIntExact(this.properties.maxAnswerSize().toBytes());
		InputStream stream = Objects
			.requireNonNull(MvcUtils.getAttribute(request, MvcUtils.CLIENT_RESPONSE_INPUT_STREAM_ATTR));
		try (stream) {
			byte[] body = stream.readNBytes(limit);
			if (stream.read() >= 0) {
				throw UpstreamFailure.badAnswer("The inference service's answer is larger than " + limit + " bytes.");
			}
			return body;
		}
		catch (IOException failure) {
			throw tookTooLong(start) ? UpstreamFailure.timedOut(failure) : UpstreamFailure.brokeOff(failure);
		}
	}

	/** The client closes the stream when time is up, which reads like any other broken stream. */
	private boolean tookTooLong(long start) {
		return System.nanoTime() - start >= this.properties.responseTimeout().toNanos();
	}

	private static @Nullable MediaType contentType(ServerResponse answer) {
		try {
			return answer.headers().getContentType();
		}
		catch (InvalidMediaTypeException invalid) {
			throw UpstreamFailure.badAnswer("The inference service's answer has an invalid Content-Type.");
		}
	}

}
